// SPDX-License-Identifier: Apache-2.0

/// The only names that a pickle may mention. None of them is looked up anywhere: each is a word that `PickleReader` knows.
enum PickleGlobal: String, CaseIterable {
    case orderedDictionary = "collections.OrderedDict"
    case rebuildTensor = "torch._utils._rebuild_tensor_v2"
    case rebuildParameter = "torch._utils._rebuild_parameter"
    case floatStorage = "torch.FloatStorage"
    case halfStorage = "torch.HalfStorage"
    case brainStorage = "torch.BFloat16Storage"
    case longStorage = "torch.LongStorage"

    /// The kind of number, for storages.
    var storage: TorchStorage.Kind? {
        switch self {
        case .floatStorage: .float32
        case .halfStorage: .float16
        case .brainStorage: .bfloat16
        case .longStorage: .int64
        case .orderedDictionary, .rebuildTensor, .rebuildParameter: nil
        }
    }
}

/// A run of numbers in the file that tensors are views of.
struct TorchStorage: Equatable {
    enum Kind {
        case float32, float16, bfloat16, int64

        /// Bytes of one number.
        var width: Int {
            switch self {
            case .float16, .bfloat16: 2
            case .float32: 4
            case .int64: 8
            }
        }
    }

    let kind: Kind
    /// Name of its record: 1 to 20 digits.
    let key: String
    /// Numbers, 0 ... 2³⁰.
    let count: Int
}

/// A tensor as the pickle describes it; `init` makes sure that every element lies inside the storage.
struct TorchTensor: Equatable {
    let storage: TorchStorage
    let offset: Int
    let shape: [Int]
    let strides: [Int]

    /// Elements, never more than the storage has.
    var count: Int { shape.reduce(1, *) }

    /// Nil when an extent or stride is negative, or an element lies outside.
    init?(storage: TorchStorage, offset: Int, shape: [Int], strides: [Int]) {
        guard offset >= 0, offset <= storage.count, shape.count == strides.count, shape.count <= 8 else { return nil }
        var count = 1
        var last = offset
        for (extent, stride) in zip(shape, strides) {
            guard extent >= 0, stride >= 0 else { return nil }
            let (product, tooMany) = count.multipliedReportingOverflow(by: extent)
            let (step, tooFar) = max(0, extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, over) = last.addingReportingOverflow(step)
            guard !tooMany, !tooFar, !over else { return nil }
            (count, last) = (product, sum)
        }
        // A view that repeats elements (stride 0) could make a giant out of a dwarf.
        guard count <= storage.count, count == 0 || last < storage.count else { return nil }
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides
    }
}

/// What stands on the stack of the pickle machine. Containers are numbers into flat tables, so that neither cycles nor deep
/// nesting cost memory or stack.
enum PickleValue {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case global(PickleGlobal)
    case object(Int)
}

/// All containers, storages and tensors of one pickle.
struct PickleObjects {
    enum Kind {
        case tuple, list, dictionary, orderedDictionary
        case storage(TorchStorage)
        case tensor(TorchTensor)
    }

    private(set) var kinds: [Kind] = []
    /// A dictionary's keys and values take turns.
    private(set) var children: [[PickleValue]] = []

    mutating func make(_ kind: Kind, _ values: [PickleValue] = []) -> PickleValue {
        kinds.append(kind)
        children.append(values)
        return .object(kinds.count - 1)
    }

    /// Adds to a container in place: copying a growing one would cost the square of its size.
    mutating func add(_ values: some Sequence<PickleValue>, to object: Int) {
        children[object].append(contentsOf: values)
    }

    func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard case .object(let index) = value, case .tuple = kinds[index] else { return nil }
        return children[index]
    }

    func list(_ value: PickleValue) -> [PickleValue]? {
        guard case .object(let index) = value, case .list = kinds[index] else { return nil }
        return children[index]
    }

    /// Keys and values of a plain or ordered dictionary.
    func dictionary(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
        guard case .object(let index) = value, isDictionary(index) else { return nil }
        let flat = children[index]
        return stride(from: 0, to: flat.count, by: 2).map { (flat[$0], flat[$0 + 1]) }
    }

    func isDictionary(_ index: Int) -> Bool {
        switch kinds[index] {
        case .dictionary, .orderedDictionary: true
        default: false
        }
    }

    func tensor(_ value: PickleValue) -> TorchTensor? {
        guard case .object(let index) = value, case .tensor(let tensor) = kinds[index] else { return nil }
        return tensor
    }

    /// Whole numbers of a tuple.
    func integers(_ value: PickleValue) -> [Int]? {
        guard let values = tuple(value) else { return nil }
        var result: [Int] = []
        for value in values {
            guard case .integer(let number) = value else { return nil }
            result.append(number)
        }
        return result
    }

    /// What a value is, for errors.
    func describe(_ value: PickleValue) -> String {
        switch value {
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): "'\(RecipeError.oneLine(text, 60))'"
        case .global(let global): global.rawValue
        case .object(let index):
            switch kinds[index] {
            case .tuple: "a tuple of \(children[index].count)"
            case .list: "a list of \(children[index].count)"
            case .dictionary, .orderedDictionary: "a dictionary of \(children[index].count / 2)"
            case .storage: "a storage"
            case .tensor(let tensor): "a tensor \(tensor.shape)"
            }
        }
    }
}

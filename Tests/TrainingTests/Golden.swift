// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Training

/// The contents of `Golden/golden.json`, written by `Golden/make_golden.py`.
struct Golden: Decodable {
    struct Array: Decodable {
        let shape: [Int]
        let values: [Double]
        var floats: [Float] { values.map { Float($0) } }

        func tensor(requiresGradient: Bool = false) -> Tensor {
            Tensor(shape: shape, values: floats, requiresGradient: requiresGradient)
        }
    }

    struct Case: Decodable {
        let operation: String
        let settings: [String: Double]
        let inputs: [String: Array]
        let output: Array
        let seed: Array
        let gradients: [String: Array]
        let extra: [String: Array]

        func integer(_ name: String) -> Int { Int(settings[name] ?? 0) }
        func flag(_ name: String) -> Bool { settings[name] == 1 }
    }

    struct Optimisers: Decodable {
        struct Run: Decodable {
            let name: String
            let momentum: Double, decay: Double
            let track: Array
        }
        let start: Array, gradients: Array, rates: Array
        let runs: [Run]
    }

    let cases: [Case]
    let optimisers: Optimisers
    let schedules: [String: Array]
    let randomWords: [String]

    static func load() throws -> Golden {
        let url = try #require(Bundle.module.url(forResource: "golden", withExtension: "json"))
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    }

    static func cases(of operations: String...) throws -> [Case] {
        let cases = try load().cases.filter { operations.contains($0.operation) }
        try #require(!cases.isEmpty)
        return cases
    }
}

/// Compares with a tolerance relative to the largest expected value.
func expectClose(
    _ found: [Float]?, _ expected: [Double], tolerance: Double = 2e-5, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let found else {
        Issue.record("\(what): nothing there", sourceLocation: sourceLocation)
        return
    }
    #expect(found.count == expected.count, "\(what): count", sourceLocation: sourceLocation)
    let scale = max(1e-3, expected.map(abs).max() ?? 0)
    let worst = zip(found, expected).map { abs(Double($0) - $1) }.max { $0 < $1 || $1.isNaN } ?? 0
    #expect(worst <= tolerance * scale, "\(what): off by \(worst) of \(scale)", sourceLocation: sourceLocation)
}

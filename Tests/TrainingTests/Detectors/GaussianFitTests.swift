// SPDX-License-Identifier: Apache-2.0

import Testing
import Training

@Suite(.serialized) struct GaussianFitTests {
    @Test("the inverse of a Cholesky factor is that of a hand's reckoning")
    func triangular() {
        // L = ((2, 0), (1, 3)): H = ((4, 2), (2, 10)), L⁻¹ = ((1/2, 0), (−1/6, 1/3)).
        var matrix: [Double] = [4, -99, 2, 10]
        let inverse = TriangularInverse.ofCholesky(&matrix, side: 2)
        #expect(zip(inverse, [0.5, 0, -1.0 / 6, 1.0 / 3]).allSatisfy { abs($0 - $1) < 1e-15 })
    }

    /// A store of given values, `(pictures, places, dimensions)`.
    private func store(_ values: [Float], pictures: Int, places: Int) throws -> DescriptorStore {
        let store = try DescriptorStore(
            pictures: pictures, places: places, dimensions: values.count / pictures / places)
        for (index, value) in values.enumerated() { store.base[index] = value }
        return store
    }

    @Test("mean, covariance and ε are those of the paper")
    func byHand() throws {
        // One channel: 1, 2, 3 have mean 2 and variance 1; with ε the deviation is √1.01. The second place is constant.
        let fit = GaussianFit(try store([1, 7, 2, 7, 3, 7], pictures: 3, places: 2))
        #expect(fit.mean == [2, 7])
        #expect(abs(fit.factor[0] - Float(1 / 1.01.squareRoot())) < 1e-7)
        #expect(abs(fit.factor[1] - 10) < 1e-6)
        // Two channels that rise together: covariance ((1, 2), (2, 4)) + ε I.
        let pair = GaussianFit(try store([1, 10, 2, 12, 3, 14], pictures: 3, places: 1))
        let l11 = 1.01.squareRoot()
        let l21 = 2 / l11
        let l22 = (4.01 - l21 * l21).squareRoot()
        let expected = [1 / l11, -l21 / (l11 * l22), 1 / l22]
        #expect(pair.mean == [2, 12])
        #expect(zip(pair.factor, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 }, "\(pair.factor) \(expected)")
    }

    @Test("more channels than pictures still give finite factors, the same on any number of threads")
    func threads() throws {
        let before = Workers.threads
        defer { Workers.threads = before }
        var random = RandomSource(seed: 3)
        let store = try store((0..<5 * 70 * 40).map { _ in Float(random.normal()) }, pictures: 5, places: 70)
        var bits: Set<[UInt32]> = []
        for threads in [1, 2, 3, 2] {
            Workers.threads = threads
            let fit = GaussianFit(store)
            #expect(fit.factor.allSatisfy { $0.isFinite })
            bits.insert((fit.mean + fit.factor).map(\.bitPattern))
        }
        #expect(bits.count == 1)
    }

    @Test("channels are chosen by the seed, ascending, each once")
    func channels() {
        let chosen = GaussianFit.channels(of: 448, seed: 1)
        #expect(chosen.count == 100 && chosen == chosen.sorted() && Set(chosen).count == 100)
        #expect(chosen.allSatisfy { (0..<448).contains($0) })
        #expect(chosen == GaussianFit.channels(of: 448, seed: 1))
        #expect(chosen != GaussianFit.channels(of: 448, seed: 2))
        #expect(GaussianFit.channels(of: 64, seed: 1) == Array(0..<64))
    }

    @Test("descriptors that are not finite are found, and too many are refused")
    func store() throws {
        #expect(try store([1, 2, 3, 4], pictures: 2, places: 2).firstBlind == nil)
        #expect(try store([1, 2, 3, .nan], pictures: 2, places: 2).firstBlind == 1)
        #expect(throws: TrainingError.self) {
            _ = try DescriptorStore(pictures: 1 << 20, places: 1024, dimensions: 100)
        }
    }
}

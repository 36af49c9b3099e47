// SPDX-License-Identifier: Apache-2.0
import Testing
import Training

@Suite struct OpenBLASCoreTests {
    private let wide: Set<String> = ["avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"]

    @Test("the core follows from the CPU's features")
    func rule() {
        #expect(OpenBLASCore.best(flags: wide) == "SkylakeX")
        #expect(OpenBLASCore.best(flags: wide.union(["avx512_bf16"])) == "Cooperlake")
        #expect(OpenBLASCore.best(flags: ["avx2", "fma", "avx512f"]) == "Haswell")
        #expect(OpenBLASCore.best(flags: ["sse4_2"]) == nil)
        #expect(OpenBLASCore.best(flags: []) == nil)
    }

    @Test("the user's own choice wins, an empty one does not")
    func choice() {
        #expect(OpenBLASCore.wanted(environment: ["JIDOKA_OPENBLAS_CORE": "Zen"], flags: wide) == "Zen")
        #expect(OpenBLASCore.wanted(environment: ["JIDOKA_OPENBLAS_CORE": ""], flags: wide) == "SkylakeX")
        #expect(OpenBLASCore.wanted(environment: [:], flags: []) == nil)
    }

    @Test("two AVX-512 sets are equal unless the user asked for one of them")
    func equality() {
        #expect(OpenBLASCore.isGoodEnough("SkylakeX", for: "Cooperlake", isExplicit: false))
        #expect(!OpenBLASCore.isGoodEnough("SkylakeX", for: "Cooperlake", isExplicit: true))
        #expect(OpenBLASCore.isGoodEnough("SKYLAKEX", for: "SkylakeX", isExplicit: true))
        #expect(!OpenBLASCore.isGoodEnough("Haswell", for: "Cooperlake", isExplicit: false))
    }

    @Test("the running core has a name")
    func name() { #expect(!OpenBLASCore.name.isEmpty) }

    @Test("the benchmark reports settings, counts and rates, and refuses nonsense")
    func benchmark() throws {
        let benchmark = TrainingBenchmark(
            threads: 1, size: 64, levels: ["stem", "layer1", "layer2"], batch: 2, steps: 2)
        let result = try benchmark.run()
        #expect(result.best >= result.median)
        #expect(result.peakGigaflops > 0)
        #expect(result.loss.isFinite)
        // A sixteenth of 256×256: 2 · 154,140,672 for the stem and 3 · 138,412,032 for two blocks.
        let expected = 2e-9 * Double(2 * 154_140_672 + 3 * 138_412_032) / 16
        #expect(abs(result.gigaflopPerPicture - expected) < 1e-9)
        for bad in [
            TrainingBenchmark(size: 100), TrainingBenchmark(batch: 0), TrainingBenchmark(levels: ["layer9"]),
            TrainingBenchmark(levels: []), TrainingBenchmark(threads: 0), TrainingBenchmark(steps: 0),
        ] {
            #expect(throws: TrainingError.self) { try bad.run() }
        }
    }
}

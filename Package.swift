// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Swift 6 mode comes with the tools version; a warning is an error in our own targets.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Kernels are optimised in debug builds too, and never contract a multiply and an add on their own.
let kernelFlags: [CSetting] = [
    .unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-math-errno", "-Wno-c23-extensions"])
]

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
    name: "jidoka",
    products: [
        .executable(name: "jidoka", targets: ["jidoka"]),
        .executable(name: "jidokad", targets: ["jidokad"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CLibJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
        .systemLibrary(name: "CLibPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CLibV4L2", pkgConfig: "libv4lconvert", providers: [.apt(["libv4l-dev"])]),
        .systemLibrary(name: "CLibMD", pkgConfig: "libmd", providers: [.apt(["libmd-dev"])]),
        .systemLibrary(name: "CLibSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),

        // The way of a frame.
        .target(name: "CKernels", exclude: ["README.md"], cSettings: kernelFlags),
        .target(name: "CProbes", cSettings: kernelFlags),
        .target(name: "CEmbeddedTeacher", cSettings: kernelFlags),
        .target(name: "CLinuxShims", cSettings: kernelFlags),
        .target(name: "Threads", swiftSettings: strict),
        .target(name: "Digests", dependencies: ["CLibMD"], swiftSettings: strict),
        .target(name: "CPictures", dependencies: ["CLibJPEG", "CLibPNG"], cSettings: kernelFlags),
        .target(name: "Pictures", dependencies: ["CPictures"], swiftSettings: strict),
        .target(name: "SyntheticParts", dependencies: ["Pictures"], swiftSettings: strict),
        .target(name: "Inspection", dependencies: ["CKernels"], swiftSettings: strict),
        .target(name: "Line", exclude: ["README.md"], swiftSettings: strict),
        .target(
            name: "Recipes",
            dependencies: [
                "Inspection", "Pictures", "Digests", "CEmbeddedTeacher", .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(
            name: "Calibration", dependencies: ["Digests", "Inspection", "Recipes", "Pictures", "SyntheticParts"],
            swiftSettings: strict),
        .target(
            name: "Capture",
            dependencies: ["CLibV4L2", "CLinuxShims", "Inspection", "Pictures", "SyntheticParts", "Threads"],
            swiftSettings: strict),
        .target(
            name: "Outputs", dependencies: ["CLinuxShims", "Line", "Threads"], exclude: ["GPIO/README.md"],
            swiftSettings: strict),
        .target(
            name: "Sockets", dependencies: ["CLinuxShims", "Threads"], exclude: ["README.md"], swiftSettings: strict),
        .target(
            name: "Records",
            dependencies: [
                "Line", "CLibSystemd", "Digests", "Inspection", "Pictures", "Recipes", "Threads", database, logging,
            ], swiftSettings: strict),
        .target(
            name: "Daemon",
            dependencies: [
                "CLibSystemd", "Capture", "Inspection", "Line", "Outputs", "Pictures", "Recipes", "Records", "Sockets",
                "SyntheticParts", "Threads", logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),

        // Learning, never part of the daemon.
        .target(name: "CTraining", cSettings: kernelFlags),
        .target(
            name: "Training",
            dependencies: [
                "Calibration", "Digests", "Inspection", "Recipes", "Pictures", "SyntheticParts", "CTraining",
                "COpenBLAS",
            ],
            swiftSettings: strict),

        // Programs.
        .executableTarget(
            name: "jidokad", dependencies: ["Daemon", "Records", "Recipes", arguments, logging], swiftSettings: strict),
        .executableTarget(
            name: "jidoka",
            dependencies: [
                "CProbes", "CKernels", "Calibration", "Capture", "Daemon", "Digests", "Inspection", "Line", "Pictures",
                "Recipes",
                "CLinuxShims", "Outputs", "Records", "Sockets", "SyntheticParts", "Threads", "Training",
                arguments,
            ], swiftSettings: strict),

        // Tests mirror the sources.
        .testTarget(
            name: "PicturesTests", dependencies: ["Pictures", "CPictures", "CLibJPEG"], swiftSettings: strict),
        .testTarget(name: "SyntheticPartsTests", dependencies: ["SyntheticParts", "Pictures"], swiftSettings: strict),
        .testTarget(
            name: "InspectionTests", dependencies: ["Inspection", "CKernels", "CProbes", "Recipes"],
            exclude: ["Golden"],
            swiftSettings: strict),
        .testTarget(
            name: "CalibrationTests",
            dependencies: ["Calibration", "Digests", "Inspection", "Line", "Pictures", "Recipes"],
            swiftSettings: strict),
        .target(name: "TorchFixtures", path: "Tests/TorchFixtures", swiftSettings: strict),
        .testTarget(
            name: "RecipesTests", dependencies: ["Digests", "Recipes", "Inspection", "Pictures", "TorchFixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "CaptureTests",
            dependencies: ["Capture", "CLinuxShims", "SyntheticParts", "Pictures", "Inspection", "Threads"],
            swiftSettings: strict),
        .target(
            name: "LineExploration", dependencies: ["Line"], path: "Tests/LineExploration", swiftSettings: strict),
        .executableTarget(
            name: "explore-line", dependencies: ["Line", "LineExploration"], path: "Tests/ExploreLine",
            exclude: ["mutants.py"],
            swiftSettings: strict),
        .testTarget(
            name: "LineTests", dependencies: ["Line", "LineExploration", "Outputs"], swiftSettings: strict),
        .testTarget(name: "OutputsTests", dependencies: ["Outputs", "Line", "CLinuxShims"], swiftSettings: strict),
        .testTarget(name: "SocketsTests", dependencies: ["Sockets"], swiftSettings: strict),
        .executableTarget(
            name: "records-crash-child", dependencies: ["Line", "Records", database, logging],
            path: "Tests/RecordsCrashChild", swiftSettings: strict),
        .testTarget(
            name: "RecordsTests",
            dependencies: [
                "Records", "Line", "Inspection", "Pictures", "Recipes", "records-crash-child", logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "fuzz-models", dependencies: ["Inspection", "Recipes", "SyntheticParts", "TorchFixtures"],
            path: "Tests/FuzzModels",
            swiftSettings: strict),
        .testTarget(
            name: "DaemonTests", dependencies: ["Daemon", "Inspection", "Line", "Outputs", "Recipes"],
            swiftSettings: strict),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Training", "Inspection", "Calibration", "Recipes", "Pictures", "SyntheticParts"],
            exclude: ["Golden/make_golden.py"], resources: [.copy("Golden/golden.json")], swiftSettings: strict),
        .testTarget(name: "SystemTests", dependencies: ["jidoka", "jidokad"], swiftSettings: strict),
    ]
)

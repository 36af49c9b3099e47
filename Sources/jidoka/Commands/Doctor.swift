// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import Daemon
import Glibc
import Outputs

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at everything that inspection needs, and say what to do about it.",
        discussion: """
            Changes nothing, and may be asked by any user, also while the daemon runs; as root it sees the most. Exit \
            status 0: no errors; 1: parts can't be inspected like this.
            """)

    @Option(help: "Configuration file.")
    var config = "/etc/jidoka/jidoka.yaml"
    @Option(help: ArgumentHelp("Folder in front of the host's files, for tests.", visibility: .hidden))
    var root = ""
    @OptionGroup var output: JSONOption

    func run() throws {
        let diagnosis = Diagnosis(findings(HostFiles(root: root)))
        if output.isJSON {
            try printJSON(diagnosis)
        } else {
            print(diagnosis.text(isColoured: Diagnosis.isColourWanted))
        }
        if diagnosis.errors > 0 { throw ExitCode(1) }
    }

    private func findings(_ host: HostFiles) -> [Finding] {
        let (configuration, said) = ConfigurationCheck.findings(config)
        var findings = ProcessorCheck.findings(host) + said
        if let configuration { findings += RecipeCheck.findings(configuration) }
        var device: String?
        if case .camera(let path, _)? = configuration?.source { device = path }
        let resolved = device.flatMap(Self.resolved)
        let cameras = CameraCatalog.cameras()
        findings += CameraCheck.findings(
            cameras, device: device, resolved: resolved, settings: configuration.flatMap(RecipeCheck.camera))
        let chips = GPIOCatalog.chips()
        let lines = configuration.map(LinesCheck.wanted) ?? []
        findings += LinesCheck.findings(chips, wanted: lines)
        // Devices that the configuration uses; without one, all that are there.
        let used =
            configuration == nil
            ? cameras.map(\.path) + chips.map(\.path)
            : [resolved].compactMap(\.self) + (lines.isEmpty ? [] : chips.map(\.path))
        findings += AccountCheck.findings(host, devices: used)
        findings += DiskCheck.findings(folder: configuration?.state ?? "/var/lib/jidoka")
        findings += ClockCheck.findings(host)
        findings += UnitCheck.findings(host)
        return findings + SocketCheck.findings(folder: configuration?.sockets ?? "/run/jidoka")
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}

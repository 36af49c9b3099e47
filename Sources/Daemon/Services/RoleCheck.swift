// SPDX-License-Identifier: Apache-2.0

import Line
import Sockets

extension Configuration.Roles {
    /// Whether somebody may give a command, by the groups that the kernel knows of the connection.
    ///
    /// - Throws: `not_allowed`, with the groups that would do.
    func check(_ command: String, _ peer: Peer) throws(ControlFailure) {
        let isSupervision = [LineCommand.bypass, .recipe].map(\.rawValue).contains(command)
        // Who may supervise may operate, too.
        let allowed = isSupervision ? supervise ?? operate : operate.map { $0 + (supervise ?? []) }
        guard let allowed, peer.user != 0, !allowed.contains(where: peer.isMember) else { return }
        throw ControlFailure(
            code: "not_allowed",
            message: "'\(command)' is not for \(peer.name)",
            hint: allowed.isEmpty
                ? "'roles' in the configuration lets only root do this"
                : "it takes a member of \(allowed.joined(separator: " or ")): ask one, or root to change the groups")
    }
}

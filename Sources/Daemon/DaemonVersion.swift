// SPDX-License-Identifier: Apache-2.0

/// Which program this is.
public enum DaemonVersion {
    /// Version of tool and daemon.
    public static let text = "0.1.0"
    /// Name and version, as files record it.
    public static let tool = "jidoka \(text)"
}

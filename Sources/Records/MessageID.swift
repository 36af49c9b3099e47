// SPDX-License-Identifier: Apache-2.0

import Line

extension LineEvent.Kind {
    /// `MESSAGE_ID` of the journal entry: 128 random bits in 32 lower-case hexadecimal digits, never changed or given
    /// to another kind (sd-id128(3)).
    ///
    /// `journalctl MESSAGE_ID=…` finds the events of the kind, `journalctl -x` shows its entry in
    /// `systemd/jidoka.catalog`.
    public var messageID: String {
        switch self {
        case .boot: "42474cad8eac46e197b9bc1b04a4a5d1"
        case .ready: "9a5b0561cda54f80930f6650fa4438fa"
        case .blocked: "611453fe748042c698813a8a1b22489a"
        case .start: "49faf7d031354d6581b8d617d7f1a261"
        case .stop: "ad5aca335e734915b5db1e7e41585daf"
        case .acknowledge: "8150ad4cdda840d684b4d9311b62350a"
        case .reset: "d03b8f6a32f54279bbcc28abb0df014a"
        case .fault: "c0b73e330bfc4a09827298a232ef968e"
        case .faultCleared: "7913a11a1ecb485b9b2765b56ab34a8c"
        case .uncleanEnd: "89ebad212ef942b6bdd9a056a8f68d96"
        case .shutdown: "b0f23bfb7b414159a4d4a307f763c3eb"
        case .configurationReloaded: "6e15473c566344069b86c91891026688"
        case .configurationRejected: "e5886d7d2be948f5872f0797b3e22efc"
        case .defectWhileNotRunning: "5181f195aa2646cc947eb2f47276147a"
        case .summary: "391ec2323feb449abbd743cadab5c7ce"
        case .refused: "676194d40c6f45e5a2f36985b5482262"
        case .recipeReady: "15cbc8d45d2441e9be3aacde683d7669"
        case .recipeMissing: "89f8f38178a94b0baa057772a06cc481"
        case .sourceReady: "a070ab0e8e6643a19c6e7d569adc3fff"
        case .sourceLost: "4c1254e1fcd9462493bc606ecccb06bb"
        }
    }
}

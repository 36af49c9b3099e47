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
        case .historyPruned: "3473e54acbb641068b4a3c9a256be4bb"
        case .refused: "676194d40c6f45e5a2f36985b5482262"
        case .recipeReady: "15cbc8d45d2441e9be3aacde683d7669"
        case .recipeMissing: "89f8f38178a94b0baa057772a06cc481"
        case .sourceReady: "a070ab0e8e6643a19c6e7d569adc3fff"
        case .sourceLost: "4c1254e1fcd9462493bc606ecccb06bb"
        case .warn: "8928d47c0ccc491b932c3f0a79556901"
        case .drift: "937cb27caa06473b83e4180084e9e48a"
        case .andonCleared: "6f1c849e6f2046a3a336ba7469ad0f6b"
        case .stopPending: "e9c1baff2daf4b21abd187e0830b1565"
        case .escalation: "1779d4618a784e879c3188286808db7c"
        case .defectWhileBypassed: "fa62128d2e0743589e8cae05fa01f2e0"
        case .partUnjudged: "26d1cc9e227c4a82aa3c9aca558cc399"
        case .bypass: "a6640f66da6346b5b7d627a5f07dace1"
        case .bypassEnded: "af9828d95850440faec360ecdb95b1e6"
        case .changeover: "686623f20d074288a2a6d9a66bc28010"
        case .challengePassed: "6151393aef6b47a287b0631fd835f5c1"
        }
    }
}

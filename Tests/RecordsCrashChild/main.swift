// SPDX-License-Identifier: Apache-2.0

// The process that RecordsTests kills, starves and locks out. `records-crash-child <mode> <path>`:
// append    appends numbered events for ever and prints each seq after its append has returned
// lock      holds the database until standard input ends
// fill      appends under a file size limit of 256 KiB and prints the code of the error
// nobody    becomes the user nobody, opens the history and prints the code of the error
// log       logs one line

import GRDB
import Glibc
import Line
import Logging
import Records

func say(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}

func numbered(_ number: Int64) -> (LineEvent, Latch) {
    let state = LineState.allCases[Int(number) % LineState.allCases.count]
    let event = LineEvent(kind: .summary, time: UInt64(number), state: state, detail: "number \(number)")
    return (event, Latch(state: state, cleanEnd: false, reason: "number \(number)"))
}

func appendForEver(_ path: String, count: Int64 = .max) throws(RecordsError) {
    let history = try EventHistory(path: path)
    var number = try history.latest()?.seq ?? 0
    while number < count {
        number += 1
        let (event, latch) = numbered(number)
        say(String(try history.append(event, latch: latch).seq))
    }
}

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    say("usage: records-crash-child append|lock|fill|nobody|log PATH")
    exit(64)
}
do {
    switch arguments[1] {
    case "append":
        try appendForEver(arguments[2])
    case "fill":
        // Without the signal's default action, a write beyond the limit fails with EFBIG.
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 256 * 1_024, rlim_max: 256 * 1_024)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        try appendForEver(arguments[2], count: 100_000)
    case "nobody":
        guard setgid(65_534) == 0, setuid(65_534) == 0 else { exit(77) }
        _ = try EventHistory(path: arguments[2])
    case "lock":
        let queue = try DatabaseQueue(path: arguments[2])
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            say("locked")
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            try database.execute(sql: "ROLLBACK")
        }
    case "log":
        LoggingSystem.bootstrap { JournalLogHandler(label: $0) }
        Logger(label: "child").warning("a line\nof two", metadata: ["part": "a b.png", "message_id": "00"])
    default:
        exit(64)
    }
    say("done")
} catch let error as RecordsError {
    say(error.code.rawValue)
    say(error.description)
} catch {
    say("\(error)")
}

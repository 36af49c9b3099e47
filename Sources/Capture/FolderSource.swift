// SPDX-License-Identifier: Apache-2.0

import Glibc
import Inspection
import Pictures
import Synchronization

/// Plays the pictures of a folder as if a camera had taken them.
///
/// All `.png`, `.jpg` and `.jpeg` files below the folder, in natural order. A frame's `part` is the path relative to
/// the folder, and its `original` holds the file's own bytes. A picture that can't be used takes a sequence number too.
public final class FolderSource: FrameSource {
    private struct State {
        var paths: [String]
        var position = 0
        var sequence: UInt64 = 0
        var pace: Pace
    }

    /// `folder` and the path.
    public let name: String
    private let path: String
    private let rule: InputRule
    private let repeats: Bool
    private let gate = DeadlineGate()
    private let state: Mutex<State>

    /// A source that reads the folder's list of files now and each file when its turn comes.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - rule: how a picture becomes network input.
    ///   - rate: parts per second, 1/3600 to 10,000; 0 is as fast as it can.
    ///   - repeats: begins again after the last picture, with a fresh look at the folder.
    /// - Throws: `.noFolder`, `.emptyFolder`, `.badArgument`.
    public init(path: String, rule: InputRule, rate: Double, repeats: Bool) throws(CaptureError) {
        try Pace.check(rate, of: path)
        try SyntheticSource.check(size: rule.size, of: path)
        var trimmed = path
        while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
        self.path = trimmed
        self.rule = rule
        self.repeats = repeats
        name = "folder \(trimmed)"
        state = Mutex(State(paths: try PictureFolder.pictures(below: trimmed), pace: Pace(rate: rate)))
    }

    /// Number of pictures in the present round.
    public var count: Int {
        state.withLock { $0.paths.count }
    }

    /// The next picture, when it is due.
    ///
    /// - Throws: `.badPicture` with the file's path; the next call goes on with the following file.
    ///   `.sourceLost` when the folder was removed, or emptied between two rounds; the next call looks again.
    public func next() throws(CaptureError) -> Frame? {
        let deadline = state.withLock { $0.pace.deadline(now: DeadlineGate.now()) }
        guard gate.wait(until: deadline) else { return nil }
        guard let (part, sequence) = try advance() else { return nil }
        let file = path + "/" + part
        let original: [UInt8]
        let prepared: Picture
        do {
            original = try Picture.readBytes(file)
            prepared = try Picture.prepared(decoding: original, name: file, rule: rule)
        } catch {
            // Without its folder it is not this part that is bad.
            guard access(path, F_OK) == 0 else {
                throw CaptureError(
                    .sourceLost, path, expected: "the folder that was there before", found: "nothing of that name",
                    errno: errno, hint: "bring it back; it is looked for again and again")
            }
            throw CaptureError(
                .badPicture, file, expected: "a picture that can be decoded", found: "\(error)", errno: error.errno,
                hint: "the source goes on with the next picture")
        }
        return Frame(
            size: rule.size, pixels: prepared.pixels, part: part, sequence: sequence, readyAt: DeadlineGate.now(),
            original: original)
    }

    /// Ends the source; wakes a `next` that waits.
    public func stop() {
        gate.close()
    }

    /// The next path and its number; `nil` at the end.
    private func advance() throws(CaptureError) -> (part: String, sequence: UInt64)? {
        let known = state.withLock { $0.position < $0.paths.count }
        if !known {
            guard repeats else { return nil }
            // One thread calls `next`, so nobody moves the position between the two locks.
            let fresh: [String]
            do {
                fresh = try PictureFolder.pictures(below: path)
            } catch {
                throw CaptureError(
                    .sourceLost, path, expected: error.expected, found: error.found, errno: error.errno,
                    hint: "the folder held pictures in the round before")
            }
            state.withLock { state in
                state.paths = fresh
                state.position = 0
            }
        }
        return state.withLock { state in
            let taken = (state.paths[state.position], state.sequence)
            state.position += 1
            state.sequence += 1
            return taken
        }
    }
}

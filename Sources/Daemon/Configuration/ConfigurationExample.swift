// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// A configuration file that documents every key and says what `defaults` says.
    public static let example = """
        # jidoka.yaml - what the daemon inspects, and where it puts what it knows.
        # Unknown keys, keys given twice and values of another type are errors: the daemon
        # then refuses to start and says the line.

        # Name of the recipe: a folder in 'recipes'. No default: what is inspected is never guessed.
        recipe: demo

        # Folder of all recipes.
        recipes: /var/lib/jidoka/recipes

        # Folder of the history database, the evidence and the latch. Needs a restart.
        state: /var/lib/jidoka

        # Folder of events.sock and control.sock; at most 94 bytes. Needs a restart.
        sockets: /run/jidoka

        # Where the frames come from. No default.
        source:
          # synthetic: generated parts, for a trial without a camera; keys: rate, seed, defect_every.
          # folder:    the pictures below a folder (.png .jpg .jpeg, natural order); keys: rate, path, repeat.
          kind: synthetic
          # Parts per second, up to 10000; 0 is as fast as it can.
          rate: 2
          # Another seed, other parts.
          seed: 1
          # Every how many parts one has a defect; 0 is never.
          defect_every: 20
          # For 'kind: folder':
          # path: /srv/parts
          # repeat: false

        # How parts are looked at. Needs a restart.
        inspection:
          # Threads that share the work on one part, 1 to 16: as many as there are cores to spare.
          # Scores do not depend on it. A recipe with 'engine: float32' uses one.
          threads: 1

        # Where the permit goes. Needs a restart.
        outputs:
          # none: only to the sockets.  file: into a file, for tests; key: path.
          kind: none
          # path: /run/jidoka/outputs

        # What the journal gets.
        log:
          # trace, debug, info, notice, warning, error or critical.
          level: info
          # Good parts are logged as a summary, every so many seconds (1 to 86400).
          summary_seconds: 60

        """
}

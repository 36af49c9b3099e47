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
          # camera:    a V4L2 camera; keys: device, trigger and what belongs to the trigger.
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
          # For 'kind: camera': a path that stays the same, see 'jidoka doctor' and /dev/v4l/by-id. How the pictures are
          # taken (format, size, exposure ...) belongs to the recipe: camera.yaml, written by 'jidoka capture'.
          # device: /dev/v4l/by-id/usb-Maker_Camera_SN0001-video-index0
          # rate:     free-running, 'rate' pictures per second are parts; software: 'jidoka trigger';
          # input:    a rising edge of a GPIO line.
          # trigger: input
          # Milliseconds from the trigger to the first picture that shows the part, 0 to 60000. A picture's time is the
          # driver's, often the end of the exposure: add a frame period if the part must stand still in it.
          # delay_ms: 0
          # Seconds without a trigger after which a running line is in fault, 1 to 86400; left out: never. A light barrier
          # that has died looks like a line without parts.
          # idle_s: 60
          # Milliseconds in which further edges are bouncing contacts, 0 to 1000.
          # debounce_ms: 5
          # input:
          #   chip: gpiochip0
          #   line: 5

        # How parts are looked at. Needs a restart.
        inspection:
          # Threads that share the work on one part, 1 to 16: as many as there are cores to spare.
          # Scores do not depend on it. A recipe with 'engine: float32' uses one.
          threads: 1

        # Whether the box still sees. Every so many good parts a defect is blended into a copy of the picture, between two
        # parts, and scored; when more are missed than at calibration, that is a fault.
        detection:
          # Good parts, up to 1000000000; 0: never.
          every_parts: 500

        # When scores, light, focus or colour are no longer those of the calibration, an andon says so; a person ends it. The
        # threshold never changes by itself.
        drift:
          # How likely a false alarm is in a whole run (from one load of the recipe to the next), up to 0.5; 0: not watched.
          level: 0.01

        # Where the permit goes. Needs a restart.
        outputs:
          # none: only to the sockets.  file: into a file, for tests; key: path.  gpio: to the wires.
          kind: none
          # path: /run/jidoka/outputs
          # For 'kind: gpio': every line by chip (gpiochipN or its label) and number, or by its name.
          # Wiring: energised = may run; the PLC has to AND the permit with a heartbeat that toggles.
          # permit:
          #   chip: gpiochip0
          #   line: 3
          #   active_low: false
          #   # as-is, disabled, pull-up or pull-down
          #   bias: as-is
          # heartbeat:
          #   name: HEARTBEAT
          # andon, stop, escalation and reject are optional, too; a reject pulse lasts 1 to 10000 ms.
          # reject_ms: 100

        # When the line warns, stops and calls. Everything here may be left out.
        line:
          # A part above the warn threshold ('jidoka calibrate --warn-alpha') raises the andon: the line runs on, and stops
          # when nobody acknowledges in time.
          andon:
            # Seconds until it stops, 1 to 86400.
            seconds: 60
            # Parts until it stops, wherever the timer is; left out: any number.
            # parts: 20
            # So many good parts in a row end it; 0: only a person does.
            good_parts: 10
            # So many suspicious ones of the last parts (1 to 64) stop the line at once; left out: the timer alone.
            # stop_after:
            #   suspicious: 3
            #   window: 20
          # Where a bad part is when the line has stopped (fixed-position stop); left out: it stops at once.
          # stop_at:
          #   ms: 400
          # Where a part is sorted out; left out: beside the camera. By time, or by counts of 'inputs: encoder': those have to
          # come within so many milliseconds while the line may run, or the encoder is not believed.
          # reject_at:
          #   counts: 120
          #   within_ms: 2000
          # Milliseconds from the picture to the verdict, 1 to 60000; a later one is none. Left out: any time.
          # verdict_ms: 200
          # A part without a verdict is sorted out; so many in a row are a fault, 1 to 1000.
          unjudged_parts: 1
          # Seconds until a stop that nobody has acknowledged switches the output 'escalation' on; left out: never.
          # escalation_s: 300
          # Seconds for which it counts that the known defects in the recipe's challenge/bad were found and the known good
          # parts in challenge/good passed, 1 to 31536000. They are shown at every load of a recipe, and again in good time,
          # between two parts. A line whose time is over is blocked; one without a known defect, too. Left out: at a load only.
          # challenge_s: 28800
          # The longest bypass ('jidoka bypass'), 0 to 1440 minutes; 0: none is allowed.
          bypass_minutes: 480

        # What is kept of parts, in 'state'/evidence: the camera's own bytes, the map over the picture, and what is needed to
        # decide again ('jidoka replay'). Every part that stopped the line or was suspicious is. Needs a restart.
        evidence:
          keep: true
          # Megabytes of all parts together, 10 to 10000000: then the oldest go, samples of good parts first.
          max_mb: 2000
          # Days, 1 to 36500; left out: for ever.
          # days: 365
          # Every how many good parts one is kept, too; 0: none.
          good_every: 0

        # How much of the past is kept in 'state'. Needs a restart.
        history:
          # Events, 1000 to 1000000000: the oldest are deleted while the line stands, and an event says so.
          events: 1000000
          # Every part with its score ('jidoka export parts'), up to 1000000000; 0: none. About 110 bytes each.
          parts: 10000000

        # Who may give commands, besides root: groups of users. Whoever can connect (the group jidoka) may ask for the status.
        # A group that does not exist has nobody in it.
        # roles:
        #   # Acknowledge, reset, start, trigger; left out: whoever can connect.
        #   operate: [jidoka]
        #   # Bypass and change of the recipe, and everything that operators may; left out: whoever may operate.
        #   supervise: [jidoka-supervisors]

        # Buttons and sensors. Needs a restart.
        # inputs:
        #   encoder:
        #     name: ENCODER
        #   acknowledge:
        #     name: ACKNOWLEDGE
        #     debounce_ms: 20

        # What the journal gets.
        log:
          # trace, debug, info, notice, warning, error or critical.
          level: info
          # Good parts are logged as a summary, every so many seconds (1 to 86400).
          summary_seconds: 60

        """
}

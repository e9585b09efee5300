// Package source is the program: its commands, and the process around them.
//
// Feeds fetch, streams project, sinks deliver. Package feed and the packages below
// it read Qualtrics. Package stream makes rows, and package engine gives them to a
// sink with states. The sinks are the packages airbyte, singer and landing.
//
// Terms, as code and documents use them:
//
//   - Survey, directory, mailing list: objects of Qualtrics that have rows of their own.
//   - Feed: one way to read Qualtrics, such as exports of responses. It makes the API calls.
//   - Stream: a table that users select. It projects the documents of one feed into rows.
//   - Document: one object as a feed read it, or the news that it is deleted.
//   - Sink: an output: Airbyte messages, Singer messages, or files.
//   - Partition: the part of a feed that is read and resumed by itself, such as one survey.
//   - Position: how far a partition was read. It is a small JSON object.
//   - State: the positions of a stream. Platforms store it between runs.
//   - Checkpoint: a position whose rows were all delivered. A state may go out there.
//   - Announcement: a state with the ids of rows that go out next. It does not move the position.
//   - Heartbeat: a state of a silent stream, so that a platform does not end the sync.
//   - Cohort: streams with the same position of a partition. They share one read.
//   - Window: the time span of modified dates that one export or search asks for.
//   - Watermark: the end of the last complete window. The next window begins before it.
//   - Look-back: how far a window begins before the watermark, 15 minutes by default.
//   - First load: the first complete read of a survey. Large ones are cut into windows.
//   - Resync: a survey is read again from a date, because the configuration asks for it.
//   - Late response: one that became visible more than a look-back after its own date.
//   - Sweep: a read of all contacts of a directory, or a daily export of a survey.
//   - Row hash: the hash of a delivered row, so that the next window does not deliver it again.
//   - Audit: a comparison of the delivered ids with the ids that exist. It finds deletions.
//   - Id snapshot: the set of ids that existed at the last audit or first load.
//   - Delivery tracker: the id snapshot, and the ids that were delivered since.
//   - Sketch: a summary of a set of fixed size, from which some differences can be listed.
//   - Pending id (deletion candidate): an id that one audit missed. A later check confirms it.
//   - Tombstone: a row that reports a deletion by its deleted_at.
//   - Parent: a document with several rows in a stream. Only those of its newest version count.
//   - Marker: the one row of a parent that is deleted or has no other rows.
//   - Gone, withdrawn, undecided: deleted for sure; not shown to this account; not known yet.
//   - Selection: the surveys and directories that the configuration chooses.
//   - Shard: one of several connections that divide the selection among them.
//   - Sandbox: the simulated tenant. Its truth is the rows that exist in it.
//
// Invariants, which the tests hold:
//
//   - A state never covers a row that was not delivered before it.
//   - No row of an export goes out before its whole file was verified.
//   - A tombstone needs two answers at two moments, or one complete document.
//   - A run that is not complete names the missing parts, and its exit code is not 0.
package source

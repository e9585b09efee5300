package sandbox

import (
	"context"
	"iter"
	"sync"
	"time"
)

// fileLifetime is *documented* (API §3.3). That the progress id is valid as
// long is *assumed*.
const fileLifetime = 7 * 24 * time.Hour

// jobs are the export jobs of the tenant.
type jobs struct {
	lock  sync.Mutex
	ids   map[string]*job // by progress id
	files map[string]*job // by file id
	queue []*job          // by age
}

func newJobs() *jobs { return &jobs{ids: make(map[string]*job), files: make(map[string]*job)} }

// add registers a job and removes jobs that ended long ago.
func (j *jobs) add(added *job) {
	j.lock.Lock()
	defer j.lock.Unlock()
	for len(j.queue) > 0 && added.started.Sub(j.queue[0].started) > j.queue[0].delay+2*fileLifetime {
		delete(j.ids, j.queue[0].progressID)
		delete(j.files, j.queue[0].fileID)
		j.queue = j.queue[1:]
	}
	j.queue = append(j.queue, added)
	j.ids[added.progressID] = added
	j.files[added.fileID] = added
}

func (j *jobs) byProgress(surveyID, id string) (*job, bool) {
	j.lock.Lock()
	defer j.lock.Unlock()
	found, ok := j.ids[id]
	return found, ok && found.surveyID == surveyID
}

func (j *jobs) byFile(surveyID, id string) (*job, bool) {
	j.lock.Lock()
	defer j.lock.Unlock()
	found, ok := j.files[id]
	return found, ok && found.surveyID == surveyID
}

// completeDue takes the snapshots of the jobs that are due, although no client
// has polled. So a snapshot at completion excludes later changes.
func (j *jobs) completeDue(now time.Time) {
	j.lock.Lock()
	due := append([]*job(nil), j.queue...)
	j.lock.Unlock()
	for _, one := range due {
		one.completeDue(now)
	}
}

// job is one export. It keeps a snapshot of the responses, and generates the
// rows at every download.
type job struct {
	progressID, fileID string
	surveyID, name     string
	request            exportRequest
	started            time.Time
	delay              time.Duration
	fault              fault
	maxBytes           int64
	rowCount           func() int          // an upper bound
	snapshot           func() exported     // takes the snapshot
	columns            []tableColumn       // of a table
	continued          func(j *job) string // issues a continuation token; nil if none was requested

	lock      sync.Mutex
	polls     int
	state     jobState
	completed time.Time
	rows      *exported // nil until the snapshot is taken
	token     string    // a token that continues this export
}

type jobState int

const (
	jobRunning jobState = iota
	jobComplete
	jobFailed
)

// poll returns the progress of the job. It returns false if the job is unknown.
func (j *job) poll(ctx context.Context, now time.Time) (progress any, ok bool) {
	j.lock.Lock()
	defer j.lock.Unlock()
	j.polls++
	if j.fault.class == faultJobVanish && j.fault.roll%2 == 0 && j.polls > 1 {
		return nil, false
	}
	if j.state == jobRunning && j.done(now) && !j.complete(ctx, now) {
		return nil, true // the client has left
	}
	switch j.state {
	case jobComplete:
		if now.Sub(j.completed) >= fileLifetime {
			return nil, false
		}
		return completeProgress{j.fileID, "100.0", "complete", j.token}, true
	case jobFailed:
		return failedProgress{nil, 100, "failed"}, true
	default:
		return runningProgress{j.percent(now), "inProgress"}, true
	}
}

// done reports whether the job has run long enough: for two polls, or for its
// delay.
func (j *job) done(now time.Time) bool {
	switch {
	case j.fault.class == faultJobStuck:
		return false
	case j.delay > 0:
		return now.Sub(j.started) >= j.delay
	default:
		return j.polls > 2
	}
}

// percent begins with 0.0 and grows in sixths (*recorded*). The speed of its
// growth is *assumed*.
func (j *job) percent(now time.Time) percent {
	sixths := 0
	switch {
	case j.fault.class == faultJobStuck:
		sixths = min(j.polls-1, 4)
	case j.delay > 0:
		sixths = int(6 * now.Sub(j.started) / j.delay)
	case j.polls > 1:
		sixths = 1 + len(j.name)%5
	}
	return percentOf(float64(max(0, min(sixths, 5))) * 100 / 6)
}

// complete ends the job. It returns false if the context ended first.
func (j *job) complete(ctx context.Context, now time.Time) bool {
	j.take()
	tooLarge, err := j.exceeds(ctx)
	if err != nil {
		return false
	}
	j.completed = now
	if j.delay > 0 {
		j.completed = j.started.Add(j.delay)
	}
	j.state = jobComplete
	if tooLarge || j.fault.class == faultJobFail {
		j.state, j.rows = jobFailed, nil
	} else if j.continued != nil {
		j.token = j.continued(j)
	}
	return true
}

// take takes the snapshot, once.
func (j *job) take() {
	if j.rows == nil {
		rows := j.snapshot()
		j.rows = &rows
	}
}

// completeDue takes a due snapshot. The next poll checks the size.
func (j *job) completeDue(now time.Time) {
	j.lock.Lock()
	defer j.lock.Unlock()
	if j.state == jobRunning && j.delay > 0 && j.done(now) {
		j.take()
	}
}

// sampleBytes is the part of an export from which its size is estimated.
// Counting a large export takes as long as downloading it.
const sampleBytes = 4 << 20

// exceeds reports whether the rows exceed the size limit of exports. That the
// limit applies to the rows, not to the compressed file, is *assumed*.
func (j *job) exceeds(ctx context.Context) (bool, error) {
	var total, rows int64
	sampled := false
	for row := range j.rows.records {
		total += int64(len(row)) + 1
		rows++
		if total > j.maxBytes {
			return true, nil
		}
		if rows%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		if !sampled && total > sampleBytes {
			sampled = true
			// Rows differ in size, so the estimate counts only if it is far
			// below the maximum.
			if total/rows*int64(j.rowCount()) < j.maxBytes/2 {
				return false, nil
			}
		}
	}
	return false, nil
}

// content returns the rows for a download. It returns false if there is no
// file, or no longer one.
func (j *job) content(now time.Time) (iter.Seq[[]byte], bool) {
	j.lock.Lock()
	defer j.lock.Unlock()
	gone := j.fault.class == faultJobVanish && j.fault.roll%2 == 1
	if j.state != jobComplete || gone || now.Sub(j.completed) >= fileLifetime {
		return nil, false
	}
	return j.rows.records, true
}

package sandbox

import (
	"context"
	"iter"
	"sync"
	"time"
)

// fileLifetime is *documented* (API §3.3); that the progress id lives as long
// is *assumed*.
const fileLifetime = 7 * 24 * time.Hour

// jobs are the export jobs of the tenant.
type jobs struct {
	lock  sync.Mutex
	ids   map[string]*job // by progress id
	files map[string]*job // by file id
	queue []*job          // by age
}

func newJobs() *jobs { return &jobs{ids: make(map[string]*job), files: make(map[string]*job)} }

// add registers a job and forgets those that ended long ago.
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

// completeDue completes what would have completed by now had somebody asked,
// so that a snapshot at completion does not hold what comes later.
func (j *jobs) completeDue(now time.Time) {
	j.lock.Lock()
	due := append([]*job(nil), j.queue...)
	j.lock.Unlock()
	for _, one := range due {
		one.completeDue(now)
	}
}

// job is one export. Its rows are generated at every download: what it keeps
// is their snapshot, not their bytes.
type job struct {
	progressID, fileID string
	surveyID, name     string
	request            exportRequest
	started            time.Time
	delay              time.Duration
	fault              fault
	maxBytes           int64
	rowCount           func() int              // an upper bound
	snapshot           func() iter.Seq[[]byte] // takes the snapshot

	lock      sync.Mutex
	polls     int
	state     jobState
	completed time.Time
	rows      iter.Seq[[]byte] // nil until the snapshot is taken
}

type jobState int

const (
	jobRunning jobState = iota
	jobComplete
	jobFailed
)

// poll answers how far the job is; false means that it is not known.
func (j *job) poll(ctx context.Context, now time.Time) (progress any, ok bool) {
	j.lock.Lock()
	defer j.lock.Unlock()
	j.polls++
	if j.fault.class == faultJobVanish && j.fault.roll%2 == 0 && j.polls > 1 {
		return nil, false
	}
	if j.state == jobRunning && j.done(now) && !j.complete(ctx, now) {
		return nil, true // the client left
	}
	switch j.state {
	case jobComplete:
		if now.Sub(j.completed) >= fileLifetime {
			return nil, false
		}
		return completeProgress{j.fileID, "100.0", "complete"}, true
	case jobFailed:
		return failedProgress{nil, 100, "failed"}, true
	default:
		return runningProgress{j.percent(now), "inProgress"}, true
	}
}

// done says whether the job's time is over: after two polls, or the delay.
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

// percent begins with 0.0 and grows in sixths. Sixths were *recorded*; what
// they depend on is *assumed*.
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

// complete ends the job; false means that the context ended first.
func (j *job) complete(ctx context.Context, now time.Time) bool {
	if j.rows == nil {
		j.rows = j.snapshot()
	}
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
	}
	return true
}

// completeDue takes a due snapshot; the size is looked at when a client asks.
func (j *job) completeDue(now time.Time) {
	j.lock.Lock()
	defer j.lock.Unlock()
	if j.rows == nil && j.state == jobRunning && j.delay > 0 && j.done(now) {
		j.rows = j.snapshot()
	}
}

// sampleBytes is how much of an export decides about its size: counting a
// large one takes as long as downloading it.
const sampleBytes = 4 << 20

// exceeds says whether the rows are more than an export can hold. What counts,
// the rows or the compressed file, is *assumed*: the rows.
func (j *job) exceeds(ctx context.Context) (bool, error) {
	var total, rows int64
	sampled := false
	for row := range j.rows {
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
			// Rows vary: only a total far below the maximum needs no count.
			if total/rows*int64(j.rowCount()) < j.maxBytes/2 {
				return false, nil
			}
		}
	}
	return false, nil
}

// content returns the rows for a download; false means that there is no file
// (any more).
func (j *job) content(now time.Time) (iter.Seq[[]byte], bool) {
	j.lock.Lock()
	defer j.lock.Unlock()
	gone := j.fault.class == faultJobVanish && j.fault.roll%2 == 1
	if j.state != jobComplete || gone || now.Sub(j.completed) >= fileLifetime {
		return nil, false
	}
	return j.rows, true
}

package qualtrics

import (
	"log/slog"
	"time"
)

// JobStep is a step of an export job.
type JobStep uint8

// The steps in their order. A job may end after any of them.
const (
	JobStarted  JobStep = iota + 1 // Qualtrics accepted it and works on it
	JobComplete                    // its file can be downloaded
	JobEnded                       // its file was downloaded, or it failed
)

// Job reports a step of an export job.
type Job struct {
	Step   JobStep
	ID     string
	Survey SurveyID
}

// running is an export job that has started.
type running struct {
	client *Client
	job    Job
	log    *slog.Logger
	begun  time.Time
	ready  time.Time // since then its file can be downloaded
}

// started reports that Qualtrics accepted a job.
func (c *Client) started(r ExportRequest, id string) *running {
	j := &running{client: c, job: Job{Survey: r.Survey, ID: id}, begun: time.Now()}
	j.log = c.log.With("survey", string(r.Survey), "job", c.clean(id))
	j.log.Debug("an export begins at Qualtrics", "from", bound(r.Start), "to", bound(r.End))
	j.step(JobStarted)
	return j
}

// complete reports that the file of a job can be downloaded.
func (j *running) complete() {
	j.ready = time.Now()
	j.step(JobComplete)
}

// ended reports the end of a job. After a panic there is neither a file nor an error.
func (j *running) ended(file *ExportFile, err error) {
	j.step(JobEnded)
	if err != nil || file == nil {
		j.log.Debug("an export failed", "after", rounded(time.Since(j.begun)), "error", err)
		return
	}
	j.log.Debug("an export is downloaded", "bytes", file.Size(), "at_qualtrics", rounded(j.ready.Sub(j.begun)), "download", rounded(time.Since(j.ready)))
}

func (j *running) step(step JobStep) {
	if j.client.exports != nil {
		j.job.Step = step
		j.client.exports(j.job)
	}
}

// bound is a bound of a window in a log.
func bound(at time.Time) string {
	if at.IsZero() {
		return "none"
	}
	return at.UTC().Format(time.RFC3339)
}

func rounded(d time.Duration) string { return d.Round(time.Millisecond).String() }

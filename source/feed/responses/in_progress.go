package responses

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// Session is a response that is not recorded yet (catalog §2.3).
type Session struct {
	ID      string // FS_…
	Version string // changes with the content
	// Response is its content, only while the session is delivered.
	Response *response.Response `json:"-"`

	row int // its number in the file
}

// InProgress are the sessions of each survey that are not recorded yet. One export of a
// survey has all of them, so a session that it lacks was recorded, or has expired.
var InProgress = feed.RegisterList(feed.List[Session]{
	Name:      "responses_in_progress",
	Noun:      "session",
	Below:     feed.Surveys,
	Open:      openSessions,
	Whole:     true,
	Exact:     10_000, // many sessions can end between two runs
	Scopes:    []string{"read:survey_responses", "read:surveys"},
	OnRequest: true,
})

// recordedError says that an export of sessions holds a recorded response. Then it lacks
// sessions, and their absence says nothing.
type recordedError struct{ id string }

func (e *recordedError) Error() string {
	return fmt.Sprintf("an export of sessions holds %s, which is a recorded response", e.id)
}

// sessionFile is an export of the sessions of a survey.
type sessionFile struct {
	*reader
	rows  int // that were read, at the end all of the file
	last  map[string]int
	all   []Session
	next  func() (frame.Value, error, bool) // the records, once more
	stop  func()
	again int // rows that were read once more
}

// openSessions exports the sessions of a survey.
func openSessions(ctx context.Context, env *feed.Env, partition feed.Partition) (*feed.Opened[Session], error) {
	f := newSurveyFetch(env, feed.Request{Partition: partition, Report: new(feed.Report)}, nil)
	detail, err := env.Client.Survey(ctx, f.survey)
	if err := f.describe(detail, err); err != nil {
		return nil, err
	}
	f.names.keys = f.names.newKeys(ctx)
	if f.left, err = newLeftOut(""); err != nil {
		return nil, err
	}
	s := &sessionFile{reader: f.reader}
	s.keeps = true
	if _, err := s.export(ctx, qualtrics.ExportRequest{Survey: s.survey, InProgress: true}, func(file *frame.File) (int64, error) {
		return s.list(ctx, file)
	}); err != nil {
		return nil, err
	}
	if err := s.rewind(ctx); err != nil {
		return nil, errors.Join(err, s.kept.Close())
	}
	return &feed.Opened[Session]{
		Elements: s.current(), ID: func(session Session) string { return session.ID },
		Load: s.load, Partial: s.partial(), Close: s.close,
	}, nil
}

// list reads the ids and versions of a file.
func (s *sessionFile) list(ctx context.Context, file *frame.File) (int64, error) {
	s.rows, s.last, s.all = 0, make(map[string]int), nil
	err := s.eachRow(ctx, file, func(row *response.Response, _ frame.Value) error {
		if strings.HasPrefix(row.ID, "R_") {
			return &recordedError{row.ID}
		}
		s.last[row.ID] = s.rows
		s.all = append(s.all, Session{ID: row.ID, Version: string(row.AppendVersion(nil)), row: s.rows})
		s.rows++
		return nil
	})
	return int64(s.rows), err
}

// current returns the sessions. Of two records of a session the last one counts.
func (s *sessionFile) current() []Session {
	current := s.all[:0]
	for _, session := range s.all {
		if s.last[session.ID] == session.row {
			current = append(current, session)
		}
	}
	s.last = nil
	return current
}

// rewind begins to read the file once more.
func (s *sessionFile) rewind(ctx context.Context) error {
	file, err := frame.Open(s.kept, s.kept.Size(), frame.Limits{})
	if err != nil {
		return fmt.Errorf("opening the sessions of %s: %w", s.partition, err)
	}
	s.next, s.stop = iter.Pull2(file.Values(ctx))
	return nil
}

// load reads the file up to a session. Records that no row can be made of were left out.
func (s *sessionFile) load(session *Session) error {
	for {
		value, err, more := s.next()
		if !more {
			return fmt.Errorf("reading the sessions of %s: session %s is not there any more", s.partition, session.ID)
		}
		if err == nil {
			err = s.row.Parse(value.Object, s.names.keys)
		}
		switch {
		case frame.IsAlone(err), errors.Is(err, response.ErrNoID):
			continue
		case err != nil:
			return fmt.Errorf("reading the sessions of %s: %w", s.partition, err)
		}
		s.again++
		if s.again-1 == session.row {
			s.row.Repaired, s.row.Shortened = value.Repaired, value.Shortened
			session.Response = &s.row
			return nil
		}
	}
}

// partial returns the error of records that cannot be read.
func (s *sessionFile) partial() error {
	err := s.left.err(s.partition, false)
	var left *feed.LeftOutError
	if errors.As(err, &left) {
		left.Sessions = true
	}
	return err
}

func (s *sessionFile) close() error {
	s.stop()
	if err := s.kept.Close(); err != nil {
		return fmt.Errorf("closing the sessions of %s: %w", s.partition, err)
	}
	return nil
}

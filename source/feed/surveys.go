package feed

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// SurveyList is the list of surveys that the account can see, less what the
// selection leaves out.
const SurveyList Kind = "surveys"

var _ = register(surveyList{})

type surveyList struct{}

func (surveyList) Kind() Kind { return SurveyList }

// Partitions is the one list.
func (surveyList) Partitions(context.Context, *Env) iter.Seq2[Partition, error] {
	return func(yield func(Partition, error) bool) {
		yield(Partition{Kind: SurveyList}, nil)
	}
}

// listPosition holds a content hash of every survey that was delivered, which
// is how an edit and a disappearance are noticed: the list carries no
// tombstones, and its date filters exist on our side only.
type listPosition struct {
	Surveys map[string]string `json:"surveys"`
}

// Fetch delivers the surveys whose content changed, and those that are gone
// from two passes over the list.
func (surveyList) Fetch(ctx context.Context, env *Env, request Request, out Out) error {
	position := listPosition{Surveys: make(map[string]string)}
	if err := request.understand(&position); err != nil {
		return err
	}
	surveys, err := env.Surveys(ctx)
	if err != nil {
		return err
	}
	next := make(map[string]string, len(surveys))
	for i := range surveys {
		survey := &surveys[i]
		if survey.CreationDate.IsZero() && survey.Name == "" {
			continue // named by id and not readable: there is nothing to tell
		}
		hash := contentHash(env.Brand, survey)
		next[string(survey.ID)] = hash
		if position.Surveys[string(survey.ID)] == hash {
			continue
		}
		if err := out.Document(&Document{Partition: request.Partition, ID: string(survey.ID), Content: survey, ReadAt: env.Now()}); err != nil {
			return err
		}
	}
	if err := bury(ctx, env, request.Partition, position.Surveys, next, out); err != nil {
		return err
	}
	encoded, err := json.Marshal(listPosition{Surveys: next})
	if err != nil {
		return fmt.Errorf("writing the position of the survey list: %w", err)
	}
	return out.Checkpoint(encoded)
}

// bury reports the surveys that were delivered before and are gone now. One
// missing from a list that changes while it is paged may have slipped between
// two pages, so a second pass has to miss it too. A survey that the selection
// merely stopped taking is left alone, and stays in the position.
func bury(ctx context.Context, env *Env, partition Partition, before, next map[string]string, out Out) error {
	missing := make(map[string]bool)
	for id := range before {
		if _, listed := next[id]; !listed {
			missing[id] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for survey, err := range env.Client.Surveys(ctx) {
		if err != nil {
			return err
		}
		if id := string(survey.ID); missing[id] {
			delete(missing, id)
			next[id] = before[id]
		}
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		at := env.Now()
		if err := out.Document(&Document{Partition: partition, ID: id, DeletedAt: at, ReadAt: at}); err != nil {
			return err
		}
	}
	return nil
}

// Now is the server's clock, or ours before any answer carried a date.
func (e *Env) Now() time.Time {
	if now, ok := e.Client.ServerTime(); ok {
		return now
	}
	return time.Now().UTC().Truncate(time.Second)
}

// contentHash is a short hash of what a row of the list says.
func contentHash(brand string, survey *Survey) string {
	set := &rowSet{salt: []byte(brand)}
	content := record.AppendString(nil, survey.Name)
	content = record.AppendString(content, survey.OwnerID)
	content = record.AppendTime(content, survey.LastModified)
	content = record.AppendTime(content, survey.CreationDate)
	content = fmt.Appendf(content, "%t", survey.IsActive)
	hash := set.hash(string(survey.ID), content)
	return base64.RawStdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(hash)))
}

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
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// SurveyList is the list of surveys that the account can see, less what the
// selection leaves out.
const SurveyList Kind = "surveys"

var (
	_          = register(surveyList{})
	_ Resuming = surveyList{}
)

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
	Surveys map[string]string `json:"surveys"` // "": what was delivered is not known
	// Newest date that a row may carry, in epoch seconds: a tombstone has to
	// come later.
	Newest int64 `json:"n,omitempty"`
}

// Resume notes which surveys the list should hold.
func (surveyList) Resume(env *Env, positions iter.Seq2[string, Position]) {
	for _, position := range positions {
		var p listPosition
		if json.Unmarshal(position, &p) != nil {
			continue // who reads it says what is wrong
		}
		for survey := range p.Surveys {
			env.expect(survey)
		}
	}
}

// Fetch delivers the surveys whose content changed, and those that are gone.
func (surveyList) Fetch(ctx context.Context, env *Env, request Request, out Out) error {
	var position listPosition
	if err := request.understand(&position); err != nil {
		return err
	}
	if position.Surveys == nil {
		position.Surveys = make(map[string]string)
	}
	surveys, err := env.Surveys(ctx)
	if err != nil {
		return err
	}
	next := listPosition{Surveys: make(map[string]string, len(surveys)), Newest: position.Newest}
	var changed []*Survey
	for i := range surveys {
		survey := &surveys[i]
		if survey.CreationDate.IsZero() && survey.Name == "" {
			continue // named by id and not readable: there is nothing to tell
		}
		id, hash := string(survey.ID), contentHash(env.Brand, survey)
		next.Surveys[id] = hash
		next.Newest = max(next.Newest, epoch(survey.LastModified))
		if position.Surveys[id] != hash {
			changed = append(changed, survey)
			position.Surveys[id] = ""
		}
	}
	if len(changed) > 0 {
		// Should the run be interrupted, they may have arrived; those of them
		// that are gone by the next run have to be buried by it.
		position.Newest = next.Newest
		if err := report(position, out.Announce); err != nil {
			return err
		}
	}
	for _, survey := range changed {
		if err := out.Document(&Document{Partition: request.Partition, ID: string(survey.ID), Content: survey, ReadAt: env.Now()}); err != nil {
			return err
		}
	}
	if err := bury(ctx, env, request.Partition, position.Surveys, &next, out); err != nil {
		return err
	}
	return report(next, out.Checkpoint)
}

// report hands a position of the list to who takes it.
func report(position listPosition, to func(Position) error) error {
	encoded, err := json.Marshal(position)
	if err != nil {
		return fmt.Errorf("writing the position of the survey list: %w", err)
	}
	return to(encoded)
}

// bury reports the surveys that were delivered before and are gone now. The list
// does not show all (API §2.1): only Qualtrics' own word that a survey does not
// exist makes it gone. One that the selection merely stopped taking, or that is
// not shared any more, is left alone, and stays in the position.
func bury(ctx context.Context, env *Env, partition Partition, before map[string]string, next *listPosition, out Out) error {
	var missing, gone []string
	for id := range before {
		switch _, listed := next.Surveys[id]; {
		case listed:
		case env.exists[id]:
			next.Surveys[id] = before[id]
		default:
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	listed := slices.Sorted(maps.Keys(next.Surveys))
	found := sync.OnceValue(func() bool { return answers(ctx, env, listed) })
	for _, id := range missing {
		_, err := env.Client.Survey(ctx, qualtrics.SurveyID(id))
		if ctx.Err() != nil {
			return err
		}
		if qualtrics.IsGone(err) && found() {
			gone = append(gone, id)
			continue
		}
		env.Log.Info("a survey is not listed any more, and not known to be gone", "survey", id, "error", err)
		next.Surveys[id] = before[id]
	}
	if len(gone) == 0 {
		return nil
	}
	now, _ := env.Client.ServerTime()
	next.Newest = stamp(now, next.Newest)
	at := time.Unix(next.Newest, 0).UTC()
	for _, id := range gone {
		if err := out.Document(&Document{Partition: partition, ID: id, DeletedAt: at, ReadAt: at}); err != nil {
			return err
		}
	}
	return nil
}

// answers reports whether a survey that is listed is found by itself, so that
// not being found means something.
func answers(ctx context.Context, env *Env, listed []string) bool {
	if len(listed) == 0 {
		return true // nothing speaks against it
	}
	_, err := env.Client.Survey(ctx, qualtrics.SurveyID(listed[0]))
	return !qualtrics.IsNotFound(err)
}

// Now is the server's clock, or ours as long as it is not known. It is good
// for what is told to people; positions and cursors do without ours.
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

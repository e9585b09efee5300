package feed

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/feed/reconcile"
	"github.com/birdie-ai/source-qualtrics/source/pasted"
)

// Selection holds the surveys and directories that the configuration chooses. The zero value
// chooses all of them.
type Selection struct {
	IDs           []string  // these surveys, and no others
	Include       []string  // name patterns with * and ?, without regard to case
	Exclude       []string  // name patterns that take precedence over Include
	ActiveOnly    bool      // only surveys that accept responses now
	Owners        []string  // user ids
	ModifiedSince time.Time // only surveys whose definition changed since
	FailOnDenied  bool      // fail if the account may not read a survey, even if it never could
	SkipWithdrawn bool      // skip surveys and directories that the account can no longer see
	Directories   []string  // directory ids
	ShardIndex    int
	ShardCount    int // 0 or 1: no sharding
}

// Takes reports whether the selection contains the survey.
func (s *Selection) Takes(survey *Survey) bool { return s.refusal(survey) == "" }

// refusal returns the reason why the selection does not contain a survey; "": it does.
func (s *Selection) refusal(survey *Survey) string {
	switch {
	case !s.inShard(string(survey.ID)):
		return "it belongs to another share (shard)"
	case len(s.IDs) > 0 && !slices.Contains(s.IDs, string(survey.ID)):
		return "surveys.ids does not name it"
	case len(s.IDs) > 0:
		return ""
	case s.ActiveOnly && survey.Inactive():
		return "it takes no responses any more (surveys.active_only)"
	case len(s.Owners) > 0 && !slices.Contains(s.Owners, survey.OwnerID):
		return fmt.Sprintf("its owner %.40s is none of surveys.owners", survey.OwnerID)
	case !survey.LastModified.IsZero() && survey.LastModified.Before(s.ModifiedSince):
		return "its definition was not changed since surveys.modified_since"
	case len(s.Include) > 0 && !matchesAny(s.Include, survey.Name):
		return "surveys.include does not match its name"
	case matchesAny(s.Exclude, survey.Name):
		return "surveys.exclude matches its name"
	}
	return ""
}

// Mark returns a checksum of the settings that choose surveys; "": all are chosen. Positions store
// it. If a survey left the selection and the mark is the same, the survey changed; otherwise the
// configuration did.
func (s *Selection) Mark() string {
	if len(s.IDs)+len(s.Include)+len(s.Exclude)+len(s.Owners) == 0 && !s.ActiveOnly && s.ModifiedSince.IsZero() {
		return ""
	}
	sorted := func(texts []string) []string { return slices.Sorted(slices.Values(texts)) }
	choice, _ := json.Marshal([]any{sorted(s.IDs), sorted(s.Include), sorted(s.Exclude), sorted(s.Owners), s.ActiveOnly, reconcile.Epoch(s.ModifiedSince)})
	hash := fnv.New64a()
	_, _ = hash.Write(choice)
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:6])
}

// inShard reports whether a survey or directory belongs to this shard. A hash of the id decides,
// which no release may change.
func (s *Selection) inShard(id string) bool {
	if s.ShardCount < 2 {
		return true
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id))
	return int(hash.Sum32()%uint32(s.ShardCount)) == s.ShardIndex //nolint:gosec // a validated, small count
}

// Patterns choose surveys by their ids, or by names with * and ?, without regard to case.
type Patterns []string

// Match reports whether one of the patterns chooses a survey.
func (p Patterns) Match(survey *Survey) bool {
	return slices.ContainsFunc(p, func(one string) bool {
		return pasted.Text(one) == string(survey.ID) || pasted.Matches(one, survey.Name)
	})
}

// Unmatched returns the warnings of patterns that choose none of the surveys, with the nearest
// names.
func (p Patterns) Unmatched(setting string, surveys []Survey) (warnings []string) {
	for _, one := range p {
		if !slices.ContainsFunc(surveys, func(survey Survey) bool { return Patterns{one}.Match(&survey) }) {
			warnings = append(warnings, unmatched(setting, one, surveyNames(surveys)))
		}
	}
	return warnings
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return pasted.Matches(pattern, name) })
}

package source_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/failures"
)

func TestPrivacy_HashesAreStableAndJoinResponsesWithContacts(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		read := func(key string) (responses, contacts table, output string) {
			tn := newTenant(t, personal)
			tn.config["privacy"] = map[string]any{
				"hash":     []string{"recipientEmail", "recipientFirstName", "recipientLastName", "externalDataReference", "phone", "ipAddress", "embedded_data.*"},
				"hash_key": key, "exclude_questions": []string{"QID2", "QID3", "QID4", "QID7"}, "exclude_metadata": []string{"locationLatitude", "locationLongitude"},
			}
			first := tn.readComplete(t, nil, "responses", "contacts")
			tables := merge(nil, first)
			return tables["responses"], tables["contacts"], first.output
		}
		responses, contacts, output := read(hashKey)
		nothingPersonal(t, "the output", output)
		again, _, _ := read(hashKey)
		other, _, _ := read(otherHashKey)
		emails, joined := make(map[any]bool), 0
		hash := regexp.MustCompile(`^[0-9a-f]{64}$`)
		for _, row := range contacts {
			emails[row["email"]] = true
		}
		for id, row := range responses {
			if row["recipient_email"] != again[id]["recipient_email"] || fmt.Sprint(row["embedded_data"]) != fmt.Sprint(again[id]["embedded_data"]) || row["response_version"] != again[id]["response_version"] {
				t.Errorf("%s has another hash in another run", id)
			}
			email, _ := row["recipient_email"].(string)
			if email == "" {
				continue
			}
			if !hash.MatchString(email) || email == row["external_data_reference"] || email == other[id]["recipient_email"] {
				t.Errorf("%s has the hash %q", id, email)
			}
			if emails[email] {
				joined++
			}
		}
		if joined == 0 {
			t.Error("no response has the e-mail of a contact")
		}
	})
}

func TestPrivacy_AChangeOfSettingsIsSaidOnce(t *testing.T) {
	insideBubble(t, func(t *testing.T) {
		tn := newTenant(t, personal)
		const says = "the privacy settings differ from those of earlier runs"
		said := func(r *reading) int { return strings.Count(strings.Join(r.logs, "\n"), says) }
		r := tn.readComplete(t, nil, "responses", "contacts")
		for _, step := range []struct {
			name     string
			settings any
			want     int
		}{
			{"strict", strictPrivacy(), 1},
			{"strict again", strictPrivacy(), 0},
			{"another key", map[string]any{"hash": []string{"phone"}, "hash_key": hashKey}, 1},
			{"a third key", map[string]any{"hash": []string{"phone"}, "hash_key": otherHashKey}, 1},
			{"the same", map[string]any{"hash": []string{"phone"}, "hash_key": otherHashKey}, 0},
			{"none", map[string]any{"preset": "none"}, 1},
			{"none again", nil, 0},
		} {
			tn.Advance(time.Hour, true)
			tn.config["privacy"] = step.settings
			r = tn.readComplete(t, r.states, "responses", "contacts")
			tn.files["state.json"] = r.states
			explained := tn.run(t, "state", "state.json")
			if has := strings.Contains(explained.stdout, "Privacy settings left data out of its rows"); explained.code != 0 || has == strings.HasPrefix(step.name, "none") {
				t.Errorf("%s: the state is explained with code %d as\n%s", step.name, explained.code, explained.stdout)
			}
			if n := said(r); n != step.want {
				t.Errorf("%s: the log says it %d times, want %d", step.name, n, step.want)
			}
			if strings.Contains(string(r.states)+r.output, hashKey) || strings.Contains(string(r.states)+r.output, otherHashKey) {
				t.Errorf("%s: the key is in the output", step.name)
			}
		}
	})
}

func TestPrivacy_MistakesInItsSettingsAreRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings any
		want     string
	}{
		"an unknown metadata name":        {map[string]any{"exclude_metadata": []string{"ipAdress"}}, `there is no metadata \"ipAdress\"; did you mean ipAddress?`},
		"a name that several contain":     {map[string]any{"exclude_metadata": []string{"recipient"}}, "did you mean recipientLastName or recipientFirstName or recipientEmail?"},
		"a key column":                    {map[string]any{"exclude_metadata": []string{"recordedDate"}}, "recordedDate cannot be left out, because keys, cursors or the search for deletions need it"},
		"a hash without a key":            {map[string]any{"hash": []string{"phone"}}, "privacy.hash needs a secret in privacy.hash_key"},
		"a key that is too short":         {map[string]any{"hash": []string{"phone"}, "hash_key": "a-short-one"}, "privacy.hash_key is shorter than 32 characters"},
		"a field in both lists":           {map[string]any{"exclude_metadata": []string{"recipientEmail"}, "hash": []string{"recipientEmail"}, "hash_key": hashKey}, "is also in privacy.exclude_metadata"},
		"an unknown preset":               {map[string]any{"preset": "gdpr"}, `privacy.preset must be none or strict, not \"gdpr\"`},
		"a mistyped setting":              {map[string]any{"exclude_metdata": []string{"ipAddress"}}, "the nearest known one is privacy.exclude_metadata"},
		"another unknown setting":         {map[string]any{"anonymize": true}, "privacy.anonymize"},
		"no object":                       {"strict", "privacy must be an object, not a text"},
		"a list that is a text":           {map[string]any{"exclude_questions": "QID7"}, "privacy.exclude_questions must be a list of texts"},
		"a question's part":               {map[string]any{"exclude_questions": []string{"QID7_TEXT"}}, "only whole questions can be left out"},
		"several mistakes in one message": {map[string]any{"preset": "x", "exclude_metadata": []string{"y"}}, "2 problems"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, small)
			tn.config["privacy"] = test.settings
			got := tn.run(t, "read", "--config", "config.json", "--catalog", "catalog.json")
			if got.code != failures.ExitConfig || !strings.Contains(got.stdout, test.want) {
				t.Errorf("got code %d, want %s in %s", got.code, test.want, got.stdout)
			}
			if strings.Contains(got.stdout+got.stderr, hashKey) || strings.Contains(got.stdout+got.stderr, "a-short-one") {
				t.Error("the key is in the output")
			}
		})
	}
}

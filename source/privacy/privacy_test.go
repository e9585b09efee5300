package privacy_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/birdie-ai/source-qualtrics/source/privacy"
)

const (
	firstKey  = "0123456789abcdef0123456789abcdef"
	secondKey = "fedcba9876543210fedcba9876543210"
)

// rules makes rules that have no problem.
func rules(t *testing.T, s privacy.Settings) *privacy.Rules {
	t.Helper()
	made, _, problems := privacy.New(s)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return made
}

func TestNew_ProblemsNameTheSettingAndTheRemedy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings privacy.Settings
		want     string
	}{
		"unknown metadata":         {privacy.Settings{Metadata: []string{"email"}}, `there is no metadata "email"; did you mean recipientEmail?`},
		"mistyped metadata":        {privacy.Settings{Metadata: []string{"ipAdress"}}, "did you mean ipAddress?"},
		"far from any metadata":    {privacy.Settings{Metadata: []string{"zzzzzz"}}, "the known ones are startDate, endDate"},
		"the id":                   {privacy.Settings{Metadata: []string{"_recordId"}}, "_recordId cannot be left out"},
		"the response id":          {privacy.Settings{Metadata: []string{"responseId"}}, "responseId cannot be left out"},
		"the recorded date":        {privacy.Settings{Metadata: []string{"recordedDate"}}, "recordedDate cannot be left out"},
		"the modified date":        {privacy.Settings{Metadata: []string{"_lastModifiedDate"}}, "_lastModifiedDate cannot be left out"},
		"no key":                   {privacy.Settings{Hash: []string{"recipientEmail"}}, "privacy.hash needs a secret in privacy.hash_key"},
		"a short key":              {privacy.Settings{Hash: []string{"recipientEmail"}, Key: "short"}, "privacy.hash_key is shorter than 32 characters"},
		"excluded and hashed":      {privacy.Settings{Metadata: []string{"recipientEmail"}, Hash: []string{"recipientEmail"}, Key: firstKey}, "recipientEmail is also in privacy.exclude_metadata"},
		"two spellings of a field": {privacy.Settings{Metadata: []string{"externalReference"}, Hash: []string{"externalDataReference"}, Key: firstKey}, "is also in privacy.exclude_metadata"},
		"an embedded field twice":  {privacy.Settings{EmbeddedData: []string{"cust*"}, Hash: []string{"embedded_data.customer"}, Key: firstKey}, `is also left out by "cust*"`},
		"a hashed number":          {privacy.Settings{Hash: []string{"duration"}, Key: firstKey}, "duration cannot be hashed"},
		"a hashed id":              {privacy.Settings{Hash: []string{"_recordId"}, Key: firstKey}, "_recordId cannot be hashed"},
		"an unknown hashed field":  {privacy.Settings{Hash: []string{"customer_id"}, Key: firstKey}, "A field of embedded data is written as embedded_data.NAME"},
		"no embedded name":         {privacy.Settings{Hash: []string{"embedded_data."}, Key: firstKey}, "names no field"},
		"a part of a question":     {privacy.Settings{Questions: []string{"QID7_TEXT"}}, "only whole questions can be left out"},
		"a part in one survey":     {privacy.Settings{Questions: []string{"SV_1/QID7#1"}}, "only whole questions can be left out"},
		"no survey id":             {privacy.Settings{Questions: []string{"SV_/QID7"}}, "is not of the form SV_…/QID7"},
		"an empty question":        {privacy.Settings{Questions: []string{" "}}, "an empty name matches nothing"},
		"an empty embedded name":   {privacy.Settings{EmbeddedData: []string{""}}, "an empty name matches nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, _, problems := privacy.New(test.settings)
			if made != nil || len(problems) != 1 || !strings.Contains(problems[0], test.want) || !strings.HasPrefix(problems[0], "privacy.") {
				t.Errorf("got %q, want one with %q", problems, test.want)
			}
		})
	}
}

func TestNew_AKeyWithoutEffectIsSaidAndNoSettingMeansNoRules(t *testing.T) {
	t.Parallel()
	made, warnings, problems := privacy.New(privacy.Settings{Key: firstKey})
	if made != nil || len(problems) != 0 || len(warnings) != 1 || !strings.Contains(warnings[0], "hash_key has no effect") {
		t.Errorf("got %v, %q, %q", made, warnings, problems)
	}
	if made.Mark() != "" || made.Metadata("ipAddress") != privacy.Keep || made.EmbeddedData("email") != privacy.Keep || made.Survey("SV_1", privacy.Facts{}) != nil {
		t.Error("no rules do something")
	}
}

func TestHash_IsStableAndDiffersByFieldAndKey(t *testing.T) {
	t.Parallel()
	settings := privacy.Settings{Hash: []string{"recipientEmail", "externalReference", "embedded_data.*"}, Key: firstKey}
	one := rules(t, settings)
	settings.Key = secondKey
	other := rules(t, settings)
	value := []byte(`"someone@example.org"`)
	hash := string(one.HashMetadata(privacy.Email, value))
	// openssl dgst -sha256 -hmac computes the same of source-qualtrics, recipientEmail and the value, with NUL between them.
	if known := `"7a54745c3180ab73e755ca4233bd3c26242295bd6adb3f86973383c28a76a15a"`; hash != known {
		t.Errorf("got %s, want %s: no release may change hashes", hash, known)
	}
	email := "someone@example.org"
	if got := one.Text(privacy.Email, &email); `"`+*got+`"` != hash {
		t.Errorf("the e-mail of a contact has the hash %s, that of a response %s", *got, hash)
	}
	for name, got := range map[string][]byte{
		"another key":       other.HashMetadata(privacy.Email, value),
		"another field":     one.HashMetadata(privacy.ExternalReference, value),
		"an embedded field": one.HashEmbeddedData(privacy.Email, value),
		"another embedded":  one.HashEmbeddedData("email", value),
		"another value":     one.HashMetadata(privacy.Email, []byte(`"someone.else@example.org"`)),
	} {
		if string(got) == hash {
			t.Errorf("%s gives the same hash", name)
		}
	}
	for written, same := range map[string]string{`"\u0073omeone@example.org"`: `"someone@example.org"`, `5`: `"5"`} {
		if a, b := one.HashMetadata(privacy.Email, []byte(written)), one.HashMetadata(privacy.Email, []byte(same)); string(a) != string(b) {
			t.Errorf("%s and %s differ", written, same)
		}
	}
	for _, absent := range []string{`""`, `null`} {
		if got := one.HashMetadata(privacy.Email, []byte(absent)); string(got) != absent {
			t.Errorf("%s became %s", absent, got)
		}
	}
}

func TestMark_ChangesWithEachSettingAndHidesTheKey(t *testing.T) {
	t.Parallel()
	base := privacy.Settings{Metadata: []string{"ipAddress", "duration"}, Hash: []string{"recipientEmail"}, Key: firstKey}
	same := base
	same.Metadata = []string{"duration", "ipAddress"}
	if rules(t, base).Mark() != rules(t, same).Mark() {
		t.Error("the order of a list changes the mark")
	}
	seen := map[string]string{rules(t, base).Mark(): "base"}
	for name, change := range map[string]func(*privacy.Settings){
		"preset":    func(s *privacy.Settings) { s.Strict = true },
		"metadata":  func(s *privacy.Settings) { s.Metadata = nil },
		"questions": func(s *privacy.Settings) { s.Questions = []string{"QID1"} },
		"embedded":  func(s *privacy.Settings) { s.EmbeddedData = []string{"a"} },
		"hash":      func(s *privacy.Settings) { s.Hash = []string{"phone"} },
		"key":       func(s *privacy.Settings) { s.Key = secondKey },
	} {
		changed := base
		change(&changed)
		mark := rules(t, changed).Mark()
		if before, ok := seen[mark]; ok {
			t.Errorf("%s and %s have the same mark", name, before)
		}
		if seen[mark] = name; len(mark) != 8 {
			t.Errorf("the mark is %q", mark)
		}
	}
}

func TestStrict_KnowsPersonalNamesInTheirSpellings(t *testing.T) {
	t.Parallel()
	strict := rules(t, privacy.Settings{Strict: true})
	for _, name := range []string{
		"email", "E-Mail", "e_mail", "Email Address", "customerEmail", "EMAIL2", "Q3_Email", "mail", "Phone", "phone number", "telephone", "Tel.",
		"First Name", "first_name", "firstName", "LASTNAME", "Name", "your-name", "customer.name", "Full name", "Address", "street", "Straße/Adresse",
		"Vorname", "Prénom", "teléfono", "Date of Birth", "QSEDEmail", "Mobile", "tele\u0301fono", "e\u200bmail",
	} {
		if strict.EmbeddedData(name) != privacy.LeaveOut {
			t.Errorf("%q is kept", name)
		}
	}
	for _, name := range []string{"source", "Region", "Q_URL", "tournament", "Customer ID", "plan (current)", "filename", "renamed", "Hotel", "telling", "SolutionRevision", "größe"} {
		if strict.EmbeddedData(name) != privacy.Keep {
			t.Errorf("%q is left out", name)
		}
	}
}

func TestStrict_AHashedFieldIsHashed(t *testing.T) {
	t.Parallel()
	strict := rules(t, privacy.Settings{Strict: true, Hash: []string{"recipientEmail", "embedded_data.email"}, Key: firstKey})
	if strict.Metadata(privacy.Email) != privacy.Hash || strict.EmbeddedData("Email") != privacy.Hash || strict.Metadata(privacy.Phone) != privacy.LeaveOut {
		t.Error("a field that is named in privacy.hash is left out")
	}
	questions, embedded, metadata := strict.Survey("SV_1", privacy.Facts{EmbeddedData: []string{"email", "phone", "tier"}, Known: true}).Lists()
	if questions != nil || strings.Join(*embedded, " ") != "email tier" || !strings.Contains(strings.Join(*metadata, " "), "recipientEmail") || strings.Contains(strings.Join(*metadata, " "), "ipAddress") {
		t.Errorf("got %v, %v, %v", questions, embedded, metadata)
	}
}

func TestSurvey_ListsAreTheComplement(t *testing.T) {
	t.Parallel()
	facts := privacy.Facts{Known: true, EmbeddedData: []string{"tier", "cust_1", "cust_2"}, Questions: []privacy.Question{
		{ID: "QID1", Tag: "Q1"}, {ID: "QID2", Tag: "Email", FreeText: true}, {ID: "QID3", Tag: "Email_satisfaction"}, {ID: "QID10", Tag: "Q10"}, {ID: "header", Tag: "x"},
	}}
	all := "_recordId distributionChannel duration endDate externalDataReference finished ipAddress locationLatitude locationLongitude progress " +
		"recipientEmail recipientFirstName recipientLastName recordedDate startDate status userLanguage"
	strict := "_recordId distributionChannel duration endDate finished progress recordedDate startDate status userLanguage"
	for name, test := range map[string]struct {
		settings                      privacy.Settings
		questions, embedded, metadata string // "all": there is no list
	}{
		"metadata":                     {privacy.Settings{Metadata: []string{"ipAddress"}}, "all", "all", strings.Replace(all, "ipAddress ", "", 1)},
		"a contact's field":            {privacy.Settings{Metadata: []string{"phone"}}, "all", "all", "all"},
		"a question":                   {privacy.Settings{Questions: []string{"qid1"}}, "QID10 QID2 QID3", "all", "all"},
		"a question of this survey":    {privacy.Settings{Questions: []string{"SV_1/QID2"}}, "QID1 QID10 QID3", "all", "all"},
		"a question of another one":    {privacy.Settings{Questions: []string{"SV_2/QID2"}}, "all", "all", "all"},
		"a tag":                        {privacy.Settings{Questions: []string{"email*"}}, "QID1 QID10", "all", "all"},
		"a tag of this survey":         {privacy.Settings{Questions: []string{"SV_1/Q1"}}, "QID10 QID2 QID3", "all", "all"},
		"all questions":                {privacy.Settings{Questions: []string{"*"}}, "", "all", "all"},
		"embedded data":                {privacy.Settings{EmbeddedData: []string{"CUST_*"}}, "all", "tier", "all"},
		"embedded data that is absent": {privacy.Settings{EmbeddedData: []string{"x"}}, "all", "cust_1 cust_2 tier", "all"},
		"strict":                       {privacy.Settings{Strict: true}, "QID1 QID10 QID3", "cust_1 cust_2 tier", strict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := func(list *[]string) string {
				if list == nil {
					return "all"
				}
				return strings.Join(*list, " ")
			}
			q, e, m := rules(t, test.settings).Survey("SV_1", facts).Lists()
			if diff := cmp.Diff([]string{test.questions, test.embedded, test.metadata}, []string{words(q), words(e), words(m)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSurvey_ValuesOfExcludedQuestionsAreKnownByTheirKeys(t *testing.T) {
	t.Parallel()
	facts := privacy.Facts{Known: true, EmbeddedData: []string{"QID7 copy"}, Questions: []privacy.Question{{ID: "QID7", Tag: "a"}, {ID: "QID70", Tag: "b"}}}
	byID := rules(t, privacy.Settings{Questions: []string{"QID7"}}).Survey("SV_1", facts)
	byTag := rules(t, privacy.Settings{Questions: []string{"a"}}).Survey("SV_1", facts)
	for _, key := range []string{"QID7", "QID7_TEXT", "QID7_1_TEXT", "QID7#1_2", "1_QID7", "x1_QID7_2", "1_2_QID7", "QID7_NPS_GROUP", "QID7-3", "QID7_DO", "QID7_a\nb"} {
		if byID.Value(key, false) != privacy.LeaveOut || byTag.Value(key, false) != privacy.LeaveOut {
			t.Errorf("%q is kept", key)
		}
	}
	for _, key := range []string{"QID70", "QID70_TEXT", "1_QID70", "SC_0abc", "FL_7_DO", "BL_x_DO", "tier", "Q_URL"} {
		if byID.Value(key, false) != privacy.Keep || byTag.Value(key, false) != privacy.Keep {
			t.Errorf("%q is left out", key)
		}
	}
	if byID.Value("QID8", false) != privacy.Keep {
		t.Error("a new question is left out, and only another one is named")
	}
	if byTag.Value("QID8", false) != privacy.LeaveOut {
		t.Error("a new question is kept, and its tag may match")
	}
}

func TestSurvey_UnknownQuestionsAreNotAskedForWhereTagsDecide(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings privacy.Settings
		asks     bool // for questions
		keeps    bool // QID1
	}{
		"strict": {privacy.Settings{Strict: true}, false, false},
		"a tag":  {privacy.Settings{Questions: []string{"email"}}, false, false},
		"an id":  {privacy.Settings{Questions: []string{"QID7"}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey := rules(t, test.settings).Survey("SV_1", privacy.Facts{})
			questions, embedded, _ := survey.Lists()
			if (questions == nil) != test.asks || embedded != nil || survey.Known() {
				t.Errorf("got %v, %v, %t", questions, embedded, survey.Known())
			}
			if (survey.Value("QID1_TEXT", false) == privacy.Keep) != test.keeps || survey.Value("QID7", false) != privacy.LeaveOut {
				t.Error("the wrong questions are kept")
			}
		})
	}
}

func TestEmbeddedData_WithTheNameOfExcludedPersonalMetadataIsLeftOut(t *testing.T) {
	t.Parallel()
	made := rules(t, privacy.Settings{Metadata: []string{"ipAddress", "duration"}})
	if made.EmbeddedData("IPADDRESS") != privacy.LeaveOut || made.EmbeddedData("QSEDipAddress") != privacy.LeaveOut || made.EmbeddedData("Duration") != privacy.Keep {
		t.Error("the wrong fields are left out")
	}
}

func TestObject_IsFilteredAndHashed(t *testing.T) {
	t.Parallel()
	made := rules(t, privacy.Settings{EmbeddedData: []string{"email"}, Hash: []string{"embedded_data.id"}, Key: firstKey})
	got := made.Object(json.RawMessage(`{"tier":"gold","EMAIL":"x","id":"7","a\"b":null}`))
	want := `{"tier":"gold","id":` + string(made.HashEmbeddedData("id", []byte(`"7"`))) + `,"a\"b":null}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, other := range []string{``, `null`, `[]`} {
		if got := made.Object(json.RawMessage(other)); string(got) != other {
			t.Errorf("%q became %q", other, got)
		}
	}
}

func TestPersonalWords_AreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- personal words:")
	table, _, _ = strings.Cut(table, "<!-- personal words end")
	var got []string
	for _, block := range regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(table, -1) {
		got = append(got, strings.Fields(block[1])...)
	}
	parts, words := privacy.PersonalWords()
	if diff := cmp.Diff(slices.Concat(words, parts), got); diff != "" {
		t.Errorf("words (-code +docs/configuration.md):\n%s", diff)
	}
}

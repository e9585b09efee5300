package qualtrics

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// An envelope is read as encoding/json reads it, whatever its members are called.
func TestEnvelope_IsReadAsTheLibraryReadsIt(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"result":{"a":{"b":1}},"meta":{"requestId":"1","notice":"n"}}`, " {\n\"meta\" : null , \"result\" : null}\n", `{}`, `{"result":{}}`, `{"meta":{"error":{"errorMessage":"m"}}}`,
		`{"Result":{"a":1},"META":{"requestId":"1"}}`, `{"result":1,"result":2}`, `{"result":1,"RESULT":2}`, `{"meta":{"requestId":"1"},"meta":{"notice":"n"}}`, `{"reſult":{"a":1}}`,
		`{"\u0072esult":[1]}`, `{"result":{},"other":1}`, `{"result":1,"meta":{"requestId":7}}`, `{"result":1,"meta":[]}`, `null`, `[]`, `7`, ``, `{"result":}`, `{"result":1}{}`, "\ufeff{}", `{"meta":{"requestId":"\ud800"}}`,
	} {
		var got, want envelope
		err, wantErr := got.open([]byte(body)), json.Unmarshal([]byte(body), &want)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s: got %v, want %v", body, err, wantErr)
			continue
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(envelope{})); diff != "" && err == nil {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		if err != nil || len(got.Result) == 0 {
			continue
		}
		members := make(map[string]string)
		for _, m := range got.fields().members {
			members[string(m.Name)] = string(m.Value)
		}
		raw := make(map[string]string)
		for name, value := range membersOf(want.Result) {
			raw[name] = string(value)
		}
		if diff := cmp.Diff(raw, members); diff != "" {
			t.Errorf("%s: its result (-want +got):\n%s", body, diff)
		}
	}
}

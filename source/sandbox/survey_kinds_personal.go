package sandbox

import "sync"

// personalTexts are answers that identify people. PersonalMark is part of each.
var personalTexts = encoded(
	"canary.one@private.example", "Canary Birdwhistle", "+1 555 0100 canary", "1 Canary Row, Springfield", "\u00c9va \"Canary\" O'Hara",
)

// PersonalMark is a part of all personal texts of a tenant with [Options.Personal], in small letters.
const PersonalMark = "canary"

// personalBlueprints returns the kinds of surveys with personal data. Some questions and fields
// have the same words in their names, and no personal data.
var personalBlueprints = sync.OnceValue(func() []*blueprint {
	plans := []plan{personalKind(), {
		questions: []question{recommend(1, "Would you come again?"), entry(5, "SL", "Why?")},
		fields:    [][]field{embedded(valueChannel, "source")},
		languages: []string{"EN"},
	}}
	all := make([]*blueprint, len(plans))
	for i, p := range plans {
		all[i] = p.build(uint64(100 + i))
	}
	return all
})

func personalKind() plan {
	return plan{
		questions: []question{
			recommend(1, "How likely are you to recommend us?"),
			entry(2, "SL", "Where can we reach you?").tagged("Email").private(),
			entry(3, "FORM", "Who are you?").withFields("First", "Last").tagged("your-name").private(),
			single(4, "SAVR", "How may we call you?", withEntry(options("Mobile", "Landline", "Other"))).tagged("Phone type").private(),
			entry(5, "ML", "Why?"),
			single(6, "SAVR", "How often may we write?", options("Daily", "Weekly", "Never")).tagged("email_frequency"),
			entry(7, "SL", "Anything else?").tagged("Q7").private(),
		},
		fields:    [][]field{embedded(valuePersonal, "email", "Customer Phone", "contact_ref"), embedded(valueRegion, "Region")},
		languages: []string{"EN"},
	}
}

// typePersonal makes all texts of the part personal data.
func (p *part) typePersonal() {
	for i := range p.columns {
		p.columns[i].texts = personalTexts
	}
	for i := range p.entries {
		p.entries[i].column.texts = personalTexts
	}
}

package sandbox

import "strings"

// topicSuffixes lists the keys that Text iQ adds to a text, after its id.
var topicSuffixes = []string{
	"Topics", "ParTopics", "TopicHierarchy1", "SenPol", "SenScore", "Sentiment",
	"TopicSenLabel", "TopicSenScore", "Emotion", "EmotIntensity",
	"Effort", "EffortNumeric", "Actionability",
}

// topicKeys returns the keys of a text and its analysis. The id in the keys has
// 24 hexadecimal digits (API §3.6).
func topicKeys(stem, tag string, q *question) part {
	r := newRandom(kindFileID, textKey(stem))
	id := make([]byte, 24)
	for i := range id {
		id[i] = hexDigits[r.intn(16)]
	}
	p := part{shape: shapeTopics, columns: []column{newColumn(stem+"_TEXT", tag, plain(q.text))}}
	for _, suffix := range topicSuffixes {
		name := "_TEXT_" + string(id) + suffix
		p.columns = append(p.columns, newColumn(stem+name, tag+"_"+suffix, plain(q.text)+" - "+suffix))
	}
	return p
}

// byproducts returns the additional keys of a question: display order, derived
// fields, and generated follow-up questions.
func (q *question) byproducts(stem, tag string) []part {
	var parts []part
	if q.shuffled {
		parts = append(parts, orderKey(stem+"_DO", tag+"_DO", q.choices))
		if len(q.answers) > 0 {
			parts = append(parts, orderKey(stem+"_ADO", tag+"_ADO", q.answers))
		}
	}
	if q.derived {
		base := stem
		if q.kind == "TE" {
			base += "_TEXT"
		}
		name := "_DERIVED" + token(7, kindFileID, textKey(base))
		k := newColumn(base+name, tag+"_derived", plain(q.text)+" - derived")
		parts = append(parts, part{shape: shapeDerived, columns: []column{k}})
	}
	if q.prompted {
		k := newColumn(stem+"_FollowUpPrompt", tag+"_FollowUpPrompt", "Follow up prompt")
		parts = append(parts, part{shape: shapeText, columns: []column{k}})
	}
	return parts
}

// orderKey returns the key of a display order: an array of ids in the order
// shown.
func orderKey(key, tag string, choices []choice) part {
	k := newColumn(key, tag, "Display Order")
	k.choices = choices
	for _, c := range choices {
		k.codes = append(k.codes, quoted(c.id))
	}
	return part{shape: shapeOrder, columns: []column{k}}
}

// surveyKeys returns the keys of the survey itself: scores, and the order of
// randomized flow elements and blocks.
// First is the position of the block whose questions are in random order; -1: none is.
func surveyKeys(seed uint64, scored bool, blocks []block, first int, questions []question) question {
	q := question{appendages: true}
	if scored {
		k := newColumn(scoreID(seed), "Satisfaction score", "Satisfaction score")
		q.parts = append(q.parts, part{shape: shapeScore, columns: []column{k}})
	}
	if blocks != nil {
		var shown []choice
		for _, b := range blocks {
			shown = append(shown, choice{id: b.id, recode: b.id, text: b.id})
		}
		q.parts = append(q.parts, orderKey("FL_7_DO", "FL_7_DO", shown))
	}
	if first >= 0 {
		b := blocks[first]
		q.parts = append(q.parts, orderKey(b.id+"_DO", strings.ReplaceAll(b.name, " ", "")+"_DO", b.items(questions)))
	}
	return q
}

func scoreID(seed uint64) string { return "SC_" + token(idDigits, kindFileID, seed) }

// textKey returns a number that depends on s only.
func textKey(s string) uint64 {
	h := uint64(golden)
	for i := range len(s) {
		h = mix(h ^ uint64(s[i]))
	}
	return h
}

package feedback

import (
	"regexp"
	"strings"
	"unicode"
)

// pair has the stems of words at the two ends of a scale. All rules of wording are assumed. The
// languages are English, Portuguese, Spanish, French, German and Italian.
type pair struct {
	kind        Kind
	worse, best []string
}

var pairs = []pair{
	{
		CSAT,
		[]string{"dissatisf", "unsatisf", "insatisf", "insatisfech", "mécontent", "unzufrieden", "insoddisf", "unhappy"},
		[]string{"satisf", "satisfech", "zufrieden", "soddisf", "happy", "content"},
	},
	{
		CES,
		[]string{"difficult", "hard", "difícil", "dificil", "difficile", "schwer", "schwierig"},
		[]string{"easy", "fácil", "facil", "facile", "leicht", "einfach"},
	},
	{
		Rating,
		[]string{"disagree", "discord", "desacuerdo", "pas d'accord", "stimme nicht", "disaccord"},
		[]string{"agree", "concord", "de acuerdo", "d'accord", "stimme zu", "stimme voll", "accordo"},
	},
	{
		Rating,
		[]string{"unlikely", "improváv", "improbable", "peu probable", "unwahrscheinlich"},
		[]string{"likely", "prováv", "probable", "wahrscheinlich"},
	},
	{
		Rating,
		[]string{"would not", "definitely not", "probably not"},
		[]string{"would", "definitely yes", "probably yes"},
	},
	{
		Rating,
		[]string{"unimportant", "unhelpful", "useless", "unclear", "unwichtig"},
		[]string{"importan", "helpful", "useful", "clear", "útil", "claro", "wichtig", "hilfreich", "nützlich", "utile", "klar"},
	},
	{
		Rating,
		[]string{"poor", "bad", "terrible", "awful", "worst", "ruim", "péssim", "malo", "pésim", "mauvais", "schlecht", "mangelhaft", "scarso", "pessim"},
		[]string{"excel", "good", "great", "best", "bom", "boa", "ótim", "bueno", "muy buen", "bon", "gut", "ottimo", "buono"},
	},
}

// negations turn the meaning of a text: not satisfied, nada satisfecho.
var negations = []string{"not ", "nada ", "nicht ", "gar nicht", "pas ", "não ", "nao ", "no ", "per niente", "pouco ", "poco ", "peu ", "wenig "}

// end reports which end of the scale a text names: -1 the worse one, 1 the better one, 0
// none.
func (p *pair) end(text string) int {
	text = strings.ToLower(text)
	switch {
	case hasWord(text, p.worse):
		return -1
	case !hasWord(text, p.best):
		return 0
	case hasWord(text, negations):
		return -1
	}
	return 1
}

// hasWord reports whether a word of the text begins with one of the stems.
func hasWord(text string, stems []string) bool {
	for _, stem := range stems {
		for at := 0; ; {
			next := strings.Index(text[at:], stem)
			if next < 0 {
				break
			}
			at += next
			if before := []rune(text[:at]); len(before) == 0 || !unicode.IsLetter(before[len(before)-1]) {
				return true
			}
			at += len(stem)
		}
	}
	return false
}

var (
	aboutRecommending = []string{"recomm", "recomen", "empfehl", "weiterempfehl", "consigli", "raccomand"}
	aboutSatisfaction = []string{"satisf", "zufrieden", "soddisf"}
	aboutEffort       = []string{"effort", "made it easy", "esforço", "esfuerzo", "aufwand", "sforzo"}
	aboutEase         = []string{"easy", "easi", "fácil", "facil", "leicht", "einfach"}
)

// kindOf returns the kind of a score on a scale of numbers, or with a pair of words at its
// ends.
func kindOf(question string, scale *Scale, words *pair) Kind {
	question = strings.ToLower(question)
	switch {
	case words == nil && scale.Low == "0" && scale.High == "10" && hasWord(question, aboutRecommending):
		return NPS
	case words != nil && words.kind != Rating:
		return words.kind
	case hasWord(question, aboutSatisfaction) && words == nil:
		return CSAT
	case hasWord(question, aboutEffort), hasWord(question, aboutEase) && words == nil:
		return CES
	}
	return Rating
}

// notApplicable are words of choices that are no score.
var notApplicable = []string{
	"n/a", "not applicable", "does not apply", "don't know", "don’t know", "do not know", "prefer not", "no opinion", "not sure", "unsure",
	"não se aplica", "não sei", "prefiro não", "no aplica", "no sé", "no sabe", "ns/nr", "prefiero no", "keine angabe", "weiß nicht", "nicht zutreffend",
	"sans objet", "ne sais pas", "ne se prononce", "non so", "non applicab",
}

func isNotApplicable(text string) bool { return hasWord(strings.ToLower(text), notApplicable) }

var (
	// A number in front of words, and not a range such as 18-24, an amount such as 4+, or 1st.
	leading  = regexp.MustCompile(`^(-?[0-9]{1,3})(?:$|[ .:)=–—][^0-9]*$|[ ]?[-][ ]*[^0-9 ][^0-9]*$)`)
	trailing = regexp.MustCompile(`^[^0-9]*\((-?[0-9]{1,3})\)$`)
	// Words that make a number an amount, and no point of a scale.
	amounts = []string{
		"or more", "more than", "or less", "less than", "ou mais", "mais de", "ou menos", "menos de", "o más", "más de", "o menos", "oder mehr", "mehr als",
		"weniger als", "ou plus", "plus de", "moins de", "times", "vezes", "veces", "fois", "hour", "day", "week", "month", "year", "minute", "hora", "dias",
		"días", "semana", "meses", "anos", "años", "stunde", "tage", "woche", "monat", "jahr", "heure", "jour", "mois", "people", "person", "child", "kids", "%",
	}
)

// numberIn returns the number that a text of a choice has at its beginning or its end, such as
// 1 of "1 - Poor" or "Poor (1)". Amounts such as "3 or more" have none.
func numberIn(text string) (digits string, ok bool) {
	if hasWord(strings.ToLower(text), amounts) {
		return "", false
	}
	for _, form := range []*regexp.Regexp{leading, trailing} {
		if found := form.FindStringSubmatch(text); found != nil {
			return found[1], true
		}
	}
	return "", false
}

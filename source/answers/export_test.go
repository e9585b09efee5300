package answers

import "slices"

// RuleNames lists the names of all rules.
func RuleNames() (names []string) {
	for _, one := range slices.Concat(questionRules, surveyRules, []rule{derivedRule}) {
		names = append(names, one.name)
	}
	return names
}

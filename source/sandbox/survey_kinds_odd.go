package sandbox

// oddFields returns embedded data with names and types that readers confuse: with columns of
// tables, with questions, and with each other (catalog §1.3). Some surveys do not declare a
// part of them.
func oddFields(kind int) [][]field {
	hidden := append(embedded(valueRegion, "Hidden.Source", "hidden.source"), embedded(valueNumber, "QID901")...)
	for i := range hidden {
		hidden[i].undeclared = kind%2 == 1
	}
	return [][]field{
		embedded(valueBoolean, "Opt In"),
		embedded(valueMoment, "Purchase.Date"),
		embedded(valueDay, "Birthday"),
		embedded(valueRegion, "survey_id", "response_id", "recordeddate", "QID900", "QID900_TEXT", "pid", "PID"),
		hidden,
	}
}

// jsonType returns the type of the values in the response schema, and their format.
func (v fieldValue) jsonType() (kind, format string) {
	switch v {
	case valueLarge:
		return "number", ""
	case valueBoolean:
		return "boolean", ""
	case valueMoment:
		return "string", "date-time"
	case valueDay:
		return "string", "date"
	}
	return "string", ""
}

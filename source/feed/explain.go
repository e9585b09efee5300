package feed

// Explaining is a feed that can describe its positions in words, for the state command.
type Explaining interface {
	// Explain returns sentences, such as "12 surveys were delivered." The error is a *[PositionError].
	Explain(partition Partition, position Position) ([]string, error)
}

// Explain describes a position of any feed in words, one sentence each.
func Explain(kind Kind, key string, position Position) ([]string, error) {
	partition := Partition{Kind: kind, Key: key}
	if kind == SyncAudit {
		return ExplainPosition(partition, position, &runPosition{})
	}
	explaining, ok := feeds[kind].(Explaining)
	if !ok {
		return []string{Unexplained}, nil
	}
	return explaining.Explain(partition, position)
}

// Unexplained is the description of a position of a feed that is not [Explaining].
const Unexplained = "Its position has no explanation."

// ExplainPosition decodes a position into a value of its type, which then describes itself.
func ExplainPosition(partition Partition, position Position, into interface {
	Plausible() error
	Explain() ([]string, error)
},
) ([]string, error) {
	request := Request{Partition: partition, Position: position}
	if err := request.Understand(into); err != nil {
		return nil, err
	}
	words, err := into.Explain()
	if err != nil {
		return nil, &PositionError{partition, err}
	}
	return words, nil
}

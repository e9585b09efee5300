package feed

import "context"

// Opened are the elements of one parent whose contents are in a file.
type Opened[T any] struct {
	Elements []T // their JSON has the id and a version of the content
	ID       func(T) string
	// Load reads the content of an element from the file, until the next call. The elements come
	// in their order, and not all of them.
	Load func(*T) error
	// Partial is the reason why elements may be missing. The read then fails, and reports no
	// element as deleted. nil: all are there.
	Partial error
	Close   func() error
}

// open reads the elements of a partition from a file.
func (l *List[T]) open(ctx context.Context, env *Env, partition Partition) (*partitionList[T], error) {
	opened, err := l.Open(ctx, env, partition)
	if err != nil {
		return nil, err
	}
	return &partitionList[T]{
		elements: opened.Elements, id: opened.ID, load: opened.Load, close: opened.Close,
		withoutID: func() error { return opened.Partial },
		verdicts: func(_ context.Context, absent []string) (map[string]error, error) {
			verdicts := l.allGone(absent)
			if opened.Partial == nil {
				return verdicts, nil
			}
			for id := range verdicts {
				verdicts[id] = &UndecidedError{l.Noun + " " + id, errDeferred}
			}
			return verdicts, nil
		},
	}, nil
}

package integration_tests_test

import (
	"cmp"
	"maps"
	"slices"

	"github.com/birdie-ai/source-qualtrics/integration_tests/testkit"
)

// simPlatform is whoever runs the connector: it keeps states, and the rows of
// a destination that keeps the newest version of each key.
type simPlatform struct {
	consumer simConsumer
	tables   map[string]testkit.Table
	accepted map[string][]*testkit.Row // by stream, in order
	states   map[string]*simState
	history  []map[string]*simState
	emitted  []emittedState
}

// emittedState is a state that was out at some time, with what was out before.
type emittedState struct {
	stream, step string
	raw          []byte
	earlier, own []*testkit.Row
}

// before is what a destination held when the state came out.
func (e emittedState) before() testkit.Table {
	table := make(testkit.Table)
	for _, row := range e.earlier {
		table.Put(row)
	}
	for _, row := range e.own {
		table.Put(row)
	}
	return table
}

func newPlatform(consumer simConsumer) *simPlatform {
	p := &simPlatform{consumer: consumer, tables: make(map[string]testkit.Table), accepted: make(map[string][]*testkit.Row), states: make(map[string]*simState)}
	for stream := range keyColumns {
		p.tables[stream] = make(testkit.Table)
	}
	for _, stream := range slices.Concat(valueStreams, structureStreams) {
		p.tables[stream] = make(testkit.Table)
	}
	return p
}

// stateFile is the state file of the next run, nil for none.
func (p *simPlatform) stateFile() []byte {
	if len(p.states) == 0 {
		return nil
	}
	states := make(testkit.States)
	for stream, state := range p.states {
		states[stream] = state.raw
	}
	return states.File()
}

// replay goes back by so many states.
func (p *simPlatform) replay(back int) bool {
	if len(p.history) == 0 {
		return false
	}
	p.states = make(map[string]*simState)
	if at := len(p.history) - 1 - back; at >= 0 {
		p.states = maps.Clone(p.history[at])
	}
	return true
}

// take takes the first lines of a run, as the consumer does.
func (p *simPlatform) take(h *simHistory, run *simRun, arrived int) {
	lines := run.lines[:arrived]
	newest, kept := make(map[string]int), make(map[int]bool)
	for i, line := range lines {
		if line.state != nil {
			newest[line.stream] = i
		}
	}
	lastKept := make(map[string]int)
	for i, line := range lines {
		if line.state == nil {
			continue
		}
		keep := !p.consumer.endOnly || (newest[line.stream] == i && !run.crashed)
		if keep && p.consumer.keeps < 1 && h.dice.Float64() >= p.consumer.keeps {
			keep = false
			h.reach["some-states"]++
		}
		if keep {
			kept[i], lastKept[line.stream] = true, i
		}
	}
	drop := p.consumer.rollsBack && run.code != 0
	own := make(map[string][]*testkit.Row)
	for i, line := range lines {
		switch {
		case line.record != nil:
			if last, any := lastKept[line.stream]; drop && (!any || i > last) {
				h.reach["roll-back"]++
				continue
			}
			own[line.stream] = append(own[line.stream], line.record)
			p.tables[line.stream].Put(line.record)
		case kept[i]:
			p.states[line.stream] = line.state
			p.history = append(p.history, maps.Clone(p.states))
		}
	}
	p.remember(run)
	for stream, rows := range own {
		p.accepted[stream] = append(p.accepted[stream], rows...)
	}
}

// remember notes every state that came out with what came before it, whatever
// the consumer did with it.
func (p *simPlatform) remember(run *simRun) {
	own := make(map[string][]*testkit.Row)
	for _, line := range run.lines {
		switch {
		case line.record != nil:
			own[line.stream] = append(own[line.stream], line.record)
		case line.state != nil:
			p.emitted = append(p.emitted, emittedState{
				line.stream, run.step, line.state.raw, slices.Clip(p.accepted[line.stream]), slices.Clip(own[line.stream]),
			})
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](of map[K]V) []K { return slices.Sorted(maps.Keys(of)) }

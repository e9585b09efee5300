package engine

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/airbyte"
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/progress"
	"github.com/birdie-ai/source-qualtrics/source/singer"
)

// realPosition is as long as that of a survey in an account of thousands, about 100 bytes.
func realPosition(random *rand.Rand) feed.Position {
	at := 1_760_000_000 + random.IntN(80_000)
	return fmt.Appendf(nil, `{"w":%d,"n":[%d,0,0],"f":1700000000,"s":"%08x","a":{"c":%d,"f":1700000000,"n":true,"m":%d}}`,
		at, random.IntN(900), random.Uint32(), at-random.IntN(9000), at-random.IntN(9000))
}

// BenchmarkState writes a state in which one position moved, through the engine and
// the writer of a protocol.
func BenchmarkState(b *testing.B) {
	for _, surveys := range []int{100, 3000, 10_000} {
		for protocol, sink := range map[string]func() Sink{
			"airbyte": func() Sink { return airbyte.NewWriter(io.Discard, time.Now) },
			"singer":  func() Sink { return singer.NewWriter(io.Discard, singer.Options{Now: time.Now}) },
		} {
			b.Run(fmt.Sprintf("%s/%d", protocol, surveys), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 1))
				e := New(Options{Sink: sink(), Changes: &Changes{}, Progress: progress.New(), Log: slog.New(slog.DiscardHandler)})
				s := &selected{stream: pieces, state: &streamState{Brand: "brand", Partitions: make(map[string]feed.Position), whole: protocol == "singer"}}
				info, err := s.stream.Info()
				if err == nil {
					err = e.Sink.Begin(info)
				}
				if err != nil {
					b.Fatal(err)
				}
				for range surveys {
					s.move(fmt.Sprintf("SV_%015x", random.Uint64()>>4), realPosition(random))
				}
				keys := slices.Sorted(maps.Keys(s.state.Partitions))
				size, err := e.sendState(s)
				b.ReportAllocs()
				for b.Loop() {
					if err == nil {
						s.move(keys[random.IntN(len(keys))], realPosition(random))
						_, err = e.sendState(s)
					}
				}
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(size), "bytes/state")
			})
		}
	}
}

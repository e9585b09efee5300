package singer

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Log is a log handler that writes the JSON lines of Meltano's SDK, which
// Meltano takes apart: all members are there, whatever their value.
type Log struct {
	out   io.Writer
	level slog.Level
	lock  *sync.Mutex
	attrs []slog.Attr
}

// NewLog returns a handler that writes records of a level and above.
func NewLog(out io.Writer, level slog.Level) *Log {
	return &Log{out: out, level: level, lock: &sync.Mutex{}}
}

// TapName names the tap in logs and about texts.
const TapName = "tap-qualtrics"

// logLine is one line of the log.
type logLine struct {
	Level   string         `json:"level"`
	PID     int            `json:"pid"`
	Logger  string         `json:"logger_name"`
	Time    float64        `json:"ts"`
	Thread  string         `json:"thread_name"`
	App     string         `json:"app_name"`
	Stream  *string        `json:"stream_name"`
	Message string         `json:"message"`
	Metric  *Metric        `json:"metric_info,omitempty"`
	Extra   map[string]any `json:"extra"`
}

func line(level slog.Level, at time.Time, logger, message string) logLine {
	name := strings.ToLower(wire.Level(level).String())
	if name == "warn" {
		name = "warning" // as Python calls it
	}
	return logLine{
		Level: name, PID: os.Getpid(), Logger: logger, Time: float64(at.UnixMilli()) / 1000,
		Thread: "main", App: TapName, Message: message, Extra: map[string]any{},
	}
}

func (h *Log) write(l logLine) error {
	encoded, err := encode(l)
	if err != nil {
		return err
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	_, err = h.out.Write(append(encoded, '\n'))
	return err
}

// Enabled reports whether a level is written.
func (h *Log) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle writes a record; its attributes are extra members.
func (h *Log) Handle(_ context.Context, rec slog.Record) error {
	l := line(rec.Level, rec.Time, TapName, rec.Message)
	extra := make(map[string]any)
	add := func(attr slog.Attr) bool {
		if attr.Key == "stream" {
			name := attr.Value.String()
			l.Stream = &name
			return true
		}
		extra[attr.Key] = attr.Value.Resolve().String()
		return true
	}
	for _, attr := range h.attrs {
		add(attr)
	}
	rec.Attrs(add)
	l.Extra = extra
	return h.write(l)
}

// WithAttrs returns a handler that adds attributes.
func (h *Log) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = append(slices.Clone(h.attrs), attrs...)
	return &with
}

// WithGroup returns the same handler: log lines are flat.
func (h *Log) WithGroup(string) slog.Handler { return h }

// Metric is a measurement as Meltano renders it.
type Metric struct {
	Type  string            `json:"type"` // counter or timer
	Name  string            `json:"metric"`
	Value any               `json:"value"`
	Tags  map[string]string `json:"tags"`
}

// Measured writes a measurement.
func (h *Log) Measured(m Metric) {
	l := line(slog.LevelInfo, time.Now(), TapName+".metrics", "METRIC")
	l.Metric = &m
	if stream, ok := m.Tags["stream"]; ok {
		l.Stream = &stream
	}
	_ = h.write(l) // a log that cannot be written tells nobody
}

// MetricText is a measurement as it stands in a log for people.
func MetricText(m Metric) string {
	encoded, err := encode(m)
	if err != nil {
		return ""
	}
	return "METRIC: " + string(encoded)
}

// LogConfig is what Meltano's logging configuration (the file that
// SINGER_SDK_LOG_CONFIG names) asks for.
func LogConfig(text []byte) (level slog.Level, structured bool) {
	var config struct {
		Root struct {
			Level string `json:"level"`
		} `json:"root"`
		Formatters map[string]map[string]any `json:"formatters"`
	}
	if json.Unmarshal(text, &config) != nil {
		return slog.LevelInfo, false
	}
	for formatter := range maps.Values(config.Formatters) {
		if class, ok := formatter["()"].(string); ok && strings.HasSuffix(class, "StructuredFormatter") {
			structured = true
		}
	}
	return LevelNamed(config.Root.Level), structured
}

// LevelNamed is a level by its name in Python; info where there is none.
func LevelNamed(name string) slog.Level {
	switch strings.ToUpper(strings.TrimSpace(name)) {
	case "DEBUG":
		return slog.LevelDebug
	case "WARN", "WARNING":
		return slog.LevelWarn
	case "ERROR", "CRITICAL", "FATAL":
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

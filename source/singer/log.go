package singer

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/birdie-ai/source-qualtrics/source/wire"
)

// Log is a log handler that writes the JSON lines of Meltano's SDK. Meltano parses a
// line only if all members are present.
type Log struct {
	slog.Handler
	out  io.Writer
	lock sync.Mutex
}

// NewLog returns a handler that writes records from a level on.
func NewLog(out io.Writer, level slog.Level) *Log {
	log := &Log{out: out}
	log.Handler = wire.NewLogHandler(level, log.record)
	return log
}

// TapName is the name of the tap in logs and in the output of --about.
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
		name = "warning" // the name in Python
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

// record writes a record with its attributes as extra members.
func (h *Log) record(rec slog.Record, attributes []wire.Attribute) error {
	l := line(rec.Level, rec.Time, TapName, rec.Message)
	for _, attr := range attributes {
		if attr.Key == "stream" {
			l.Stream = &attr.Text
		} else {
			l.Extra[attr.Key] = attr.Text
		}
	}
	return h.write(l)
}

// Metric is a measurement in the form of Meltano.
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
	_ = h.write(l) // the error could only be logged
}

// MetricText returns a measurement for a log in plain text.
func MetricText(m Metric) string {
	encoded, err := encode(m)
	if err != nil {
		return ""
	}
	return "METRIC: " + string(encoded)
}

// LogConfig reads Meltano's logging configuration, the file of
// SINGER_SDK_LOG_CONFIG. structured reports whether it asks for JSON lines.
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

// LevelNamed returns the level with a name in Python; info for other names.
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

package feedback

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/answers"
)

// point is a choice of a scale.
type point struct {
	code, digits string // as exported; the number it stands for
	number       float64
	text         string
}

// fewest is the number of points that make a scale. Two choices are rather yes and no.
const fewest = 3

// numberedScale returns the scale of choices whose texts are consecutive numbers from 1 or
// below.
func numberedScale(options []answers.Option) (scale Scale, words *pair, ok bool) {
	points, none, ok := pointsOf(options, func(o answers.Option) (string, bool) { return numberIn(o.Text) })
	if !ok || points[0].number > 1 || points[0].number < -10 {
		return scale, nil, false
	}
	scale = scaleOf(points, none)
	same := true
	scale.points = make(map[string]string, len(points))
	for _, p := range points {
		scale.points[p.code] = p.digits
		same = same && p.code == p.digits
	}
	if same {
		scale.points = nil // also codes of choices that no longer exist are their own numbers
	}
	if words, reversed := ends(points); words != nil && reversed {
		scale.Low, scale.High = scale.High, scale.Low // marks at school: 1 is the best
	}
	return scale, nil, true
}

// wordedScale returns the scale of choices with consecutive codes whose texts lead from one
// end of a pair of words to the other.
func wordedScale(options []answers.Option) (scale Scale, words *pair, ok bool) {
	points, none, ok := pointsOf(options, codeOf)
	if !ok {
		return scale, nil, false
	}
	words, reversed := ends(points)
	if words == nil {
		return scale, nil, false
	}
	scale = scaleOf(points, none)
	if reversed {
		scale.Low, scale.High = scale.High, scale.Low
	}
	return scale, words, true
}

// consecutiveScale returns the scale of choices with consecutive codes.
func consecutiveScale(options []answers.Option) (scale Scale, words *pair, ok bool) {
	points, none, ok := pointsOf(options, codeOf)
	if !ok {
		return scale, nil, false
	}
	return scaleOf(points, none), nil, true
}

func codeOf(o answers.Option) (string, bool) { return o.Code, true }

// pointsOf returns the choices by their numbers. ok is false unless there are enough, and
// their numbers are consecutive. Choices such as "not applicable" are no points.
func pointsOf(options []answers.Option, digits func(answers.Option) (string, bool)) (points []point, none map[string]bool, ok bool) {
	codes := make(map[string]bool, len(options))
	first, end := 0, len(options)
	for first < end && isNotApplicable(options[first].Text) {
		first++
	}
	for end > first && isNotApplicable(options[end-1].Text) { // in the middle, "not sure" is a point
		end--
	}
	for i, o := range options {
		if codes[o.Code] {
			return nil, nil, false
		}
		codes[o.Code] = true
		if i < first || i >= end {
			if none == nil {
				none = make(map[string]bool)
			}
			none[o.Code] = true
			continue
		}
		text, ok := digits(o)
		whole, err := strconv.Atoi(text)
		if !ok || err != nil {
			return nil, nil, false
		}
		points = append(points, point{o.Code, strconv.Itoa(whole), float64(whole), o.Text})
	}
	slices.SortStableFunc(points, func(a, b point) int { return int(a.number - b.number) })
	for i := 1; i < len(points); i++ {
		if points[i].number != points[i-1].number+1 {
			return nil, nil, false
		}
	}
	return points, none, len(points) >= fewest
}

func scaleOf(points []point, none map[string]bool) Scale {
	return Scale{Low: points[0].digits, High: points[len(points)-1].digits, none: none}
}

// ends returns the pair of words at the ends of a scale; nil: none. reversed says that the
// better end comes first.
func ends(points []point) (words *pair, reversed bool) {
	first, last := points[0].text, points[len(points)-1].text
	for i := range pairs {
		if p := &pairs[i]; p.end(first)*p.end(last) == -1 {
			return p, p.end(first) == 1
		}
	}
	return nil, false
}

// read returns the number of an answer and the ends of its scale. digits is "" if the value
// is no number, or lies outside a fixed scale. counts is false for a choice that is no score.
func (s *Scale) read(a *answers.Answer) (digits, low, high string, counts bool) {
	text := strings.TrimSpace(a.Text())
	code := text
	if strings.Contains(code, ".") {
		code = strings.TrimSuffix(strings.TrimRight(code, "0"), ".")
	}
	if s.none[code] {
		return "", "", "", false
	}
	digits = text
	if s.points != nil {
		if digits = s.points[code]; digits == "" {
			label, _ := a.Label()
			digits, _ = numberIn(answers.PlainText(&label))
		}
	}
	if !isNumber(digits) {
		return "", s.Low, s.High, true
	}
	if s.holds(digits) {
		return digits, s.Low, s.High, true
	}
	if s.Fixed {
		return "", s.Low, s.High, true
	}
	return digits, "", "", true
}

// holds reports whether a number lies on the scale. Without an end, each does.
func (s *Scale) holds(digits string) bool {
	low, high := s.Low, s.High
	if low != "" && high != "" && number(low) > number(high) {
		low, high = high, low
	}
	value := number(digits)
	return (low == "" || value >= number(low)) && (high == "" || value <= number(high))
}

// isNumber reports whether a text is a number of JSON.
func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid([]byte(text))
}

// number returns the value of digits; 0 for other texts.
func number(digits string) float64 {
	value, _ := strconv.ParseFloat(digits, 64)
	return value
}

// isBlank reports whether a text has nothing but white space.
func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

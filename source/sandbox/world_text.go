package sandbox

import (
	"strconv"
	"time"
)

// sentences holds answers to open questions. Some contain characters that break
// readers of text: line breaks, U+0085, U+2028, right-to-left text, and markup.
var sentences = encoded(
	"Everything worked as I had hoped, and the delivery came a day early.",
	"The queue was long.\nThe coffee was cold.\r\nThe staff was kind.",
	"She said \"never again\", and I agree \\ completely.",
	"Wunderbar 😀👍🏽 — immer wieder gern!",
	"الخدمة كانت ممتازة ولكن التوصيل تأخر",
	"השירות היה טוב מאוד",
	"first line\u0085second line\u2028third line",
	"<b>Bold</b> opinions &amp; <script>alert('hello')</script>",
	"NA", "null", "0042", "9007199254740993", "-", "1e400", "=SUM(A1:A9)",
	"I would like more colors, fewer buttons, and a manual that is not written in riddles. Apart from that I have been content for years and see no reason to change.",
	"价格有点高，但是质量很好。",
	"tab\tseparated\tthought, with a comma; and a semicolon",
	"It depends.", "No comment", "Très bien, merci à l'équipe !",
	"\u202eodd direction\u202c and a zero\u200bwidth space",
)

var (
	firstNames = []string{"Aldra", "Bexor", "Cinda", "Dorvin", "Élowë", "Fennick", "Grelda", "Hösten", "Ilvar", "Jorun", "Kessa", "Lómin", "Mirvel", "Nyssa O'", "Orlen", "Pella"}
	lastNames  = []string{"Ashbrindle", "Birkhollow", "Crowmere", "Dunquill", "Eldenfax", "Fernwhistle", "Grimstead", "Hollowby", "Inkwater", "Jadefield", "Kettleburn", "Löwenmoor"}
	regions    = []string{"North", "South", "Süd-West", "Île", "APAC", "Unknown"}
	channels   = []string{"newsletter", "web", "till receipt", "app"}

	regionsJSON  = encoded(regions...)
	channelsJSON = encoded(channels...)
	browsers     = [][4]string{
		{"Chrome", "126.0.0.0", "Windows NT 10.0", "1920x1080"},
		{"Safari iPhone", "17.5", "iPhone", "390x844"},
		{"Firefox", "127.0", "Linux x86_64", "2560x1440"},
	}
	fileTypes = [][2]string{{"photo", "image/jpeg"}, {"scan (1)", "application/pdf"}, {"naïve notes", "text/plain"}}
	sentiment = encoded("Very Negative", "Negative", "Neutral", "Positive", "Very Positive")
	topics    = encoded("Price", "Delivery", "Staff", "Quality/Taste", "Other")
	emotions  = encoded("Joy", "Anger", "Surprise", "Sadness")
)

func encoded(texts ...string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quoted(text)
	}
	return all
}

// fieldValue is the kind of value in an embedded data field.
type fieldValue uint8

const (
	valueRegion fieldValue = iota
	valueChannel
	valueRevision // counts the edits of the response
	valueNumber   // small integer as a string
	valueNumeric  // decimal as a string
	valueBigText  // integer above 2^53 as a string
	valueLarge    // integer above 2^53 as a number (assumed for fields typed as numbers, API §3.6)
	valueText
	valueURL
	valueEmpty
	valuePersonal // as of personalTexts
	valueBoolean  // true or false (assumed for fields that the response schema types so)
	valueMoment   // a date with its time, as a string (assumed, likewise)
	valueDay      // a date without a time, as a string
)

// oddDates is the earliest date of a field, in Unix seconds.
const oddDates = 1_700_000_000

// appendField appends the JSON of an embedded value.
func appendField(b []byte, v fieldValue, r *random, revision int) []byte {
	switch v {
	case valueRegion:
		return append(b, pick(r, regionsJSON)...)
	case valueChannel:
		return append(b, pick(r, channelsJSON)...)
	case valueRevision:
		b = append(b, '"')
		b = appendInt(b, 2+revision)
		return append(b, '"')
	case valueNumber:
		b = append(b, '"')
		b = appendInt(b, r.intn(50))
		return append(b, '"')
	case valueNumeric:
		b = append(b, '"')
		b = strconv.AppendFloat(b, float64(r.intn(100000))/100, 'f', 2, 64)
		return append(b, '"')
	case valueBigText:
		b = append(b, '"')
		b = strconv.AppendUint(b, 1<<53+1+r.uint64()>>12, 10)
		return append(b, '"')
	case valueBoolean:
		return strconv.AppendBool(b, r.chance(50))
	case valueMoment:
		return appendSeconds(b, oddDates+int64(r.intn(1e8)))
	case valueDay:
		b = append(b, '"')
		b = time.Unix(oddDates+int64(r.intn(1e8)), 0).UTC().AppendFormat(b, time.DateOnly)
		return append(b, '"')
	case valueLarge:
		return strconv.AppendUint(b, 1<<53+1+r.uint64()>>10, 10)
	case valueText:
		return append(b, pick(r, sentences)...)
	case valuePersonal:
		return append(b, pick(r, personalTexts)...)
	case valueURL:
		b = append(b, `"https://survey.example.com/jfe/form?ref=`...)
		b = appendInt(b, r.intn(1e6))
		return append(b, "&lang=en\""...)
	}
	return append(b, `""`...)
}

package privacy

import (
	"slices"
	"strings"
	"unicode"

	"github.com/birdie-ai/source-qualtrics/source/pasted"
)

// personalParts are parts of names that stand for personal data, without separators and in small
// letters. "E-Mail (work)" becomes "emailwork", which holds "email".
var personalParts = []string{
	"email", "phone", "telefon", "telefono", "teléfono", "mobilenumber", "handynummer", "whatsapp",
	"firstname", "lastname", "fullname", "surname", "familyname", "forename", "givenname", "middlename", "maidenname", "nickname", "username",
	"yourname", "contactname", "customername", "respondentname", "recipientname",
	"vorname", "nachname", "prenom", "prénom", "apellido", "sobrenome", "cognome", "achternaam",
	"address", "adresse", "dirección", "direccion", "endereço", "endereco", "indirizzo", "street", "zipcode", "postcode", "postalcode",
	"correo", "courriel", "dateofbirth", "birthdate", "birthday", "passport", "socialsecurity",
}

// personalWords are whole words of such names. "Your Name" has the words "your" and "name".
var personalWords = []string{
	"name", "names", "mail", "mobile", "cellphone", "tel", "fax", "nom", "nome", "nombre", "naam", "zip", "dob", "ssn",
}

// PersonalWords returns the parts and the words by which the strict preset knows personal data.
func PersonalWords() (parts, words []string) {
	return slices.Clone(personalParts), slices.Clone(personalWords)
}

// isPersonal reports whether a name stands for personal data.
func isPersonal(name string) bool {
	words := wordsOf(pasted.Text(name))
	if slices.ContainsFunc(words, func(word string) bool { return slices.Contains(personalWords, word) }) {
		return true
	}
	whole := strings.Join(words, "")
	return slices.ContainsFunc(personalParts, func(part string) bool { return strings.Contains(whole, part) })
}

// wordsOf returns the words of a name in small letters. A word ends at a character that is no
// letter, and before a capital that follows a small letter: customerName, customer_name.
func wordsOf(name string) (words []string) {
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
		}
		word.Reset()
	}
	small := false
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) || unicode.IsUpper(r) && small {
			end()
		}
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			word.WriteRune(unicode.ToLower(r))
		}
		small = unicode.IsLower(r)
	}
	end()
	return words
}

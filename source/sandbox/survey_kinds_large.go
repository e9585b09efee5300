package sandbox

// relationshipKind is an ordinary large survey. Its records have 1-3 KB.
func relationshipKind() plan {
	return plan{
		questions: []question{
			ask(41, "DB", "TB", "", "<h2>Welcome</h2><p>This takes five minutes.</p>"),
			single(1, "SAVR", "On which team do you currently work?", withEntry(withIDs(
				options("Marketing", "Legal", "Product", "Sales &amp; Service", "Other"), "1", "2", "3", "4", "10"))),
			multiple(36, "MAVR", "Which activities interest you?", withEntry(withIDs(
				options("Ropes Course", "Pottery", "Night hike", "Other"), "1", "2", "3", "7"))),
			recommend(18, "On a scale from 0-10, how likely are you to recommend us?").required(),
			entry(27, "ESTB", "Why did you give this score?").withPrompt(),
			single(63, "SAHR", "How <em>often</em> do you use it?", withVariables(withCodes(
				options("<span style=\"color:#8e44ad;\">Daily</span>", "Weekly", "Monthly", "Less often"), "4", "3", "2", "-1"),
				"daily", "weekly", "monthly", "less often")).withNumbers(),
			matrix(67, "Likert", "SingleAnswer", "How far do you agree with the following?", withEntry(options(
				"It is easy to use", "It does what I need", "Support is quick", "Something else")), agreement()).scoring("rating", "1", "5"),
			matrix(13, "Likert", "MultipleAnswer", "Which words fit?", options("Our shop", "Our app"),
				options("Fast", "Friendly", "Cheap", "Confusing")),
			ask(29, "CS", "HBAR", "TX", "Distribute 100 points", options("Price", "Quality", "Service")...),
			ask(30, "Slider", "HSLIDER", "", "How warm are your feelings?", options("Brand", "Product")...).scoring("rating", "0", "100"),
			ask(31, "RO", "DND", "TX", "Rank these", options("Speed", "Comfort", "Looks", "Price")...),
			entry(10, "FORM", "Where are you from?").withFields("City", "Country"),
			entry(28, "SL", "Anything else?").conditional().withDerived(),
		},
		fields: [][]field{
			embedded(valueRevision, "SolutionRevision"),
			embedded(valueRegion, "Region", "region"),
			embedded(valueURL, "Q_URL"),
			embedded(valueBigText, "Account Number"),
		},
		languages: []string{"EN", "DE", "AR"},
	}
}

func satisfactionKind() plan {
	return plan{
		questions: []question{
			single(16, "SAVR", "Overall, how satisfied are you?", options("<strong>Extremely</strong> dissatisfied",
				"Dissatisfied", "Neutral", "Satisfied", "<em>Extremely</em> satisfied")).scoring("csat", "1", "5").required().withDerived(),
			entry(34, "ESTB", "Please explain your answer.").analyzed().withDerived(),
			recommend(21, "Would you recommend us?"),
			single(37, "SB", "Which shop did you visit?", options("North", "South", "Harbor")),
			single(38, "SACOL", "Which counter?", options("A", "B", "C")),
			multiple(39, "MACOL", "What did you buy?", options("Bread", "Cake", "Coffee")),
			multiple(40, "MSB", "Which days suit you?", options("Monday", "Wednesday", "Saturday")),
		},
		fields: [][]field{
			embedded(valueRevision, "SolutionRevision", "Create New Field or Choose From Dropdown..."),
			embedded(valueNumber, "Q_BallotBoxStuffing", "Q_DataPolicyViolations"),
			embedded(valueNumeric, "Basket Value (EUR)"),
		},
		languages: []string{"EN"}, scored: true,
	}
}

func gridKind() plan {
	rows := func() []choice { return options("Choice one", "Choice two", "Choice three, w/ text box") }
	scale := func() []choice { return options("Answer 1", "Answer 2", "Answer 3") }
	return plan{
		questions: []question{
			matrix(1, "Likert", "SingleAnswer", "Matrix, single answer", withEntry(rows()), scale()).scoring("rating", "1", "3").randomized().tagged("matrix.choicerandom"),
			matrix(5, "TE", "Short", "Matrix, text", rows(), scale()),
			matrix(6, "Likert", "DL", "Matrix, drop-down", rows(), scale()).scoring("rating", "1", "3"),
			matrix(7, "RO", "", "Matrix, rank order", options("Row A", "Row B"), scale()),
			matrix(9, "CS", "", "Matrix, constant sum", options("Row A", "Row B"), scale()),
			matrix(11, "Bipolar", "", "Matrix, bipolar", options("Cold:Warm", "Slow:Fast"), numbers(1, 7)).scoring("rating", "1", "7"),
			matrix(12, "Profile", "SingleAnswer", "Matrix, profile", rows(), scale()),
			matrix(13, "MaxDiff", "", "Best and worst", rows(), options("Best", "Worst")),
			ask(8, "SBS", "SBSMatrix", "", "Side by side", withEntry(options("Choice1", "Choice2", "Choice3", "Choice4"))...).tagged("sidebyside").
				withColumns(
					matrix(8, "Likert", "SingleAnswer", "Single-answer", nil, scale()).scoring("rating", "1", "3"),
					matrix(8, "Likert", "MultipleAnswer", "Multiple-answer", nil, scale()),
					matrix(8, "TE", "Short", "Text", nil, options("Comment")),
				),
			matrix(14, "Likert", "MultipleAnswer", "Matrix, multiple answers", rows(), scale()),
			matrix(15, "CompactView", "SingleAnswer", "Carousel", rows(), scale()).scoring("rating", "1", "3"),
		},
		fields:    [][]field{embedded(valueRegion, "Segment")},
		languages: []string{"EN"},
	}
}

func laboratoryKind() plan {
	return plan{
		questions: []question{
			ask(15, "Meta", "Browser", "", "Browser Meta Info",
				options("Browser", "Version", "Operating System", "Screen Resolution", "Flash Version", "Java Support", "User Agent")...),
			ask(14, "Timing", "PageTimer", "", "Timing", options("First Click", "Last Click", "Page Submit", "Click Count")...).tagged("timing"),
			ask(64, "PGR", "DragAndDrop", "Columns", "Sort these items",
				withEntry(withIDs(options("Item A", "Item B", "Item C", "Another"), "13", "14", "16", "5"))...).
				withLevels(options("Keep", "Drop")),
			ask(20, "HeatMap", "Image", "", "Click where you looked first"),
			ask(21, "HotSpot", "OnOff", "", "Which regions do you like?", options("Logo", "Price", "Button")...),
			ask(22, "HL", "Text", "", "Mark the words you like",
				withIDs(options("1: The", "2: coffee", "3: was", "4: warm,", "5: not", "6: hot."), "4", "5", "6", "7", "8", "9")...).
				withLevels(options("Dislike", "Neutral", "Like")),
			ask(23, "FileUpload", "FileUpload", "", "Upload a photograph"),
			ask(24, "Draw", "Signature", "", "Please sign"),
			ask(25, "Captcha", "V2", "", "Are you a robot?"),
			ask(12, "DD", "DL", "", "Where do you live?", options("Country", "Region", "Town")...).
				withLevels(options("one", "one ~ 1.1", "one ~ 1.1 ~ 1.1.1", "two", "two ~ 2.1")),
			ask(26, "Slider", "STAR", "", "How many stars?", options("Taste", "Smell")...).scoring("rating", "", ""),
		},
		fields:    [][]field{embedded(valueNumeric, "Lab-Run")},
		languages: []string{"EN"},
	}
}

func carriedKind() plan {
	carried := func(texts ...string) []choice {
		return withIDs(withEntry(options(texts...)), "x1", "x2", "x3", "x4")
	}
	return plan{
		questions: []question{
			multiple(27, "MAHR", "Which brands do you know?", withEntry(options("Acorn", "Birch", "Cedar", "Other"))).randomized(),
			matrix(28, "Likert", "SingleAnswer", "Rate the brands you know",
				carried("Acorn", "Birch", "Cedar", "Other"), numbers(1, 5)).scoring("rating", "1", "5").carriedFrom("QID27").conditional(),
			single(29, "SAVR", "Which is the best?", withEntry(options("Acorn", "Birch", "Cedar", "Other"))).randomized(),
			matrix(30, "Likert", "SingleAnswer", "More statements", options("I trust it", "I would pay more"), agreement()).scoring("rating", "1", "5").randomized(),
			entry(31, "ML", "Tell us a story."),
			multiple(32, "MAVR", "Where did you see it?", muted(options("Street", "Radio", "Nowhere"))),
			single(33, "SAVR", "An abandoned question", options("Yes", "No")).inTrash(),
		},
		fields:    [][]field{embedded(valueRegion, "Cell"), embedded(valueRevision, "wave.id")},
		languages: []string{"EN", "JA"}, ordered: true,
	}
}

// muted excludes the last option from the analysis.
func muted(all []choice) []choice {
	all[len(all)-1].mute = true
	return all
}

// intakeKind has embedded data with unusual names.
func intakeKind() plan {
	return plan{
		questions: []question{
			entry(1, "FORM", "Your data").withFields("First name", "Street", "Town"),
			entry(2, "ML", "What happened?"),
			single(3, "DL", "How urgent is it?", withCodes(options("Low", "High", "Now"), "10", "20", "30")).withNumbers(),
			ask(4, "FileUpload", "FileUpload", "", "Attach a file").conditional(),
		},
		fields: [][]field{
			embedded(valueRegion, "QSEDResponseId", "Q1", "customer id", "Customer ID", "CUSTOMER-ID", "plan (current)", "a.b.c", "größe", "顧客ランク"),
			embedded(valueNumeric, "2024", "1e5"),
			embedded(valueLarge, "Ledger Number"),
			embedded(valueBigText, "ledger_text"),
			embedded(valueText, "Note \"quoted\"", "$ref"),
			embedded(valueEmpty, "empty_field"),
			embedded(valueURL, "Q_URL"),
			embedded(valueNumber, "Q_DataPolicyViolations"),
		},
		languages: []string{"EN", "ES"},
	}
}

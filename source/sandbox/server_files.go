package sandbox

import (
	"bytes"
	"encoding/json"
	"strings"
)

// uploadedFile answers the content of an uploaded file (API §3.7), which is *documented*.
// That a file id of another response is unknown is *assumed*.
func (s *Sandbox) uploadedFile(x *exchange) (any, error) {
	found, err := s.exportableSurvey(x)
	if err != nil {
		return nil, err
	}
	content, kind, ok := found.uploadedFile(x.params["responseId"], x.params["fileId"], s)
	if !ok {
		return nil, errNotFound()
	}
	return &plainFile{kind, content}, nil
}

// plainFile is an answer that is the bytes of a file.
type plainFile struct {
	contentType string
	content     []byte
}

// UploadedFile returns the content of an uploaded file that exists.
func (s *Sandbox) UploadedFile(surveyID, responseID, fileID string) (content []byte, ok bool) {
	found, ok := s.world.survey(surveyID)
	if !ok {
		return nil, false
	}
	content, _, ok = found.uploadedFile(responseID, fileID, s)
	return content, ok
}

// LoseFile makes Qualtrics lose the content of an uploaded file: its call answers 404.
// Responses keep its name.
func (s *Sandbox) LoseFile(fileID string) {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	if s.world.lostFiles == nil {
		s.world.lostFiles = make(map[string]bool)
	}
	s.world.lostFiles[fileID] = true
}

// uploadedFile returns the content of a file of a visible response. It is as long as the
// response says.
func (s *survey) uploadedFile(responseID, fileID string, tenant *Sandbox) (content []byte, contentType string, ok bool) {
	body, found := s.response(responseID, tenant.Now())
	s.world.mutex.RLock()
	lost := s.world.lostFiles[fileID]
	s.world.mutex.RUnlock()
	if !found || lost {
		return nil, "", false
	}
	var record struct {
		Values map[string]json.RawMessage `json:"values"`
	}
	if json.Unmarshal(body, &record) != nil {
		return nil, "", false // the sandbox damaged it
	}
	for key, value := range record.Values {
		stem, is := strings.CutSuffix(key, "_FILE_ID")
		var id string
		if !is || json.Unmarshal(value, &id) != nil || id != fileID {
			continue
		}
		var size int
		if json.Unmarshal(record.Values[stem+"_FILE_SIZE"], &size) != nil || json.Unmarshal(record.Values[stem+"_FILE_TYPE"], &contentType) != nil {
			return nil, "", false
		}
		line := []byte("Content of the file " + fileID + ".\n")
		return bytes.Repeat(line, size/len(line)+1)[:size], contentType, true
	}
	return nil, "", false
}

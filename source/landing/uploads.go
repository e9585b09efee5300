package landing

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Uploads keeps uploaded files of responses in an output folder:
//
//	_files/<survey id>/<response id>/<file id>-<SHA-256>
//
// A file is complete if it has such a name: it is first written under another one, and
// synced. Names are made of ids and never of a name that a respondent chose. Its methods are
// safe for concurrent use.
type Uploads struct{ folder FS }

// Uploads returns the uploaded files of the folder. They can be used until the writer is
// closed.
func (w *Writer) Uploads() *Uploads { return &Uploads{w.options.FS} }

const (
	filesDir   = "_files"
	partialDir = filesDir + "/_partial"
)

// idPattern matches the ids of Qualtrics, such as SV_0123456789abcde.
var idPattern = regexp.MustCompile(`^[A-Z]{1,5}_[0-9A-Za-z_-]{1,60}$`)

// nameOf is the name of a file or folder for an id. An id of an unknown form could lead out
// of the folder, or have a meaning to the system, so its hash stands for it.
func nameOf(id string) string {
	if idPattern.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "x-" + hex.EncodeToString(sum[:16])
}

// Find returns the path below the folder and the SHA-256 of a file that an earlier download
// stored; "": there is none.
func (u *Uploads) Find(survey, response, file string) (name, sum string, err error) {
	dir := path.Join(filesDir, nameOf(survey), nameOf(response))
	entries, err := u.folder.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("looking for an uploaded file: %w", err)
	}
	for _, entry := range entries {
		sum, ok := strings.CutPrefix(entry.Name(), nameOf(file)+"-")
		if ok && len(sum) == hex.EncodedLen(sha256.Size) && entry.Type().IsRegular() {
			return dir + "/" + entry.Name(), sum, nil
		}
	}
	return "", "", nil
}

// Store writes a file, and returns its path and SHA-256. If it ends with an error, the folder does
// not have the file.
func (u *Uploads) Store(survey, response, file string, content io.Reader) (name, sum string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("storing an uploaded file: %w", err)
		}
	}()
	dir := filesDir
	parents := []string{partialDir, path.Join(filesDir, nameOf(survey)), path.Join(filesDir, nameOf(survey), nameOf(response))}
	if err := makeDir(u.folder, ".", dir); err != nil {
		return "", "", err
	}
	for _, each := range parents {
		if err := makeDir(u.folder, path.Dir(each), each); err != nil {
			return "", "", err
		}
		dir = each
	}
	all := sha256.Sum256([]byte(survey + "\x00" + response + "\x00" + file))
	partial := partialDir + "/" + hex.EncodeToString(all[:])
	sum, err = u.write(partial, content)
	if err != nil {
		return "", "", err
	}
	name = dir + "/" + nameOf(file) + "-" + sum
	if err := u.folder.Rename(partial, name); err != nil {
		return "", "", errors.Join(err, u.folder.Remove(partial))
	}
	return name, sum, u.folder.SyncDir(dir)
}

// write writes a new file, and returns the SHA-256 of its content.
func (u *Uploads) write(name string, content io.Reader) (sum string, err error) {
	out, err := u.folder.Create(name)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), content)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, u.folder.Remove(name))
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// cleanUploads removes files that an interrupted run began to store.
func cleanUploads(folder FS) error {
	entries, err := folder.ReadDir(partialDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		if err := folder.Remove(partialDir + "/" + entry.Name()); err != nil {
			return err
		}
	}
	return nil
}

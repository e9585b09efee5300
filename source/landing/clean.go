package landing

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
)

// clean removes the files of a crashed run: temporary files, and data files that
// the manifest of their run does not list. Other files stay, for example files of
// the user, or of a run without a manifest.
func clean(folder FS) error {
	entries, err := folder.ReadDir(".")
	if err != nil {
		return err
	}
	cleaner := &cleaner{folder: folder, named: make(map[string]map[string]bool)}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case !entry.IsDir():
		case name == manifestDir || name == schemaDir || name == stateDir:
			err = cleaner.temporaries(name)
		case name == filesDir:
			err = cleanUploads(folder)
		case record.IsStreamName(name):
			err = cleaner.stream(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type cleaner struct {
	folder FS
	named  map[string]map[string]bool // listed paths by run; nil without a manifest
}

func (c *cleaner) temporaries(dir string) error {
	entries, err := c.folder.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && strings.HasSuffix(entry.Name(), ".json"+temporary) {
			if err := c.folder.Remove(dir + "/" + entry.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *cleaner) stream(name string) error {
	entries, err := c.folder.ReadDir(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		run, ok := strings.CutPrefix(entry.Name(), runPrefix)
		if !ok || !entry.IsDir() || !runPattern.MatchString(run) {
			continue
		}
		if err := c.run(name+"/"+entry.Name(), run); err != nil {
			return fmt.Errorf("folder %s: %w", name+"/"+entry.Name(), err)
		}
	}
	return nil
}

func (c *cleaner) run(dir, run string) error {
	named, err := c.manifest(run)
	if err != nil {
		return err
	}
	entries, err := c.folder.ReadDir(dir)
	if err != nil {
		return err
	}
	left := len(entries)
	for _, entry := range entries {
		path := dir + "/" + entry.Name()
		if !entry.Type().IsRegular() || !partPattern.MatchString(entry.Name()) {
			continue
		}
		if !strings.HasSuffix(path, temporary) && (named == nil || named[path]) {
			continue
		}
		if err := c.folder.Remove(path); err != nil {
			return err
		}
		left--
	}
	if left == 0 {
		return c.folder.Remove(dir)
	}
	return nil
}

// manifest returns the paths that the manifest of a run lists.
func (c *cleaner) manifest(run string) (map[string]bool, error) {
	if named, ok := c.named[run]; ok {
		return named, nil
	}
	manifest, err := readManifest(c.folder, run)
	if errors.Is(err, fs.ErrNotExist) {
		c.named[run] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	named := make(map[string]bool)
	for _, stream := range manifest.Streams {
		for _, file := range stream.Files {
			named[file.Path] = true
		}
	}
	c.named[run] = named
	return named, nil
}

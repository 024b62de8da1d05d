package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// result is one line of the table.
type result struct {
	What   string  // is measured, such as "provider CPU"
	Unit   string  // of both values
	Ours   float64 // the provider's
	Of     string  // what it is compared with, or nothing
	Other  float64 // the same of that
	Bar    float64 `json:",omitempty"` // the ratio's upper limit, or none
	Remark string  `json:",omitempty"`
	At     int     `json:",omitempty"` // of a curve: how many objects
}

const heading = "row             objects   what                     ours        beside                      ratio   bar"

func (r result) ratio() float64 { return r.Ours / r.Other }

func (r result) line(row string, n int) string {
	text := fmt.Sprintf("%-14s %8d   %-18s %10s", row, n, r.What, quantity(r.Ours, r.Unit))
	if r.Of != "" {
		text += fmt.Sprintf("   %10s %-14s %6.2f", quantity(r.Other, r.Unit), r.Of, r.ratio())
	}
	switch {
	case r.Bar > 0 && r.ratio() > r.Bar:
		text += fmt.Sprintf("  %5.2f  MISSED", r.Bar)
	case r.Bar > 0:
		text += fmt.Sprintf("  %5.2f  met", r.Bar)
	}
	if r.Remark != "" {
		text += "  (" + r.Remark + ")"
	}
	return text
}

func quantity(value float64, unit string) string {
	digits := 2
	switch {
	case value >= 100:
		digits = 0
	case value < 1:
		digits = 3
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + " " + unit
}

// kept is the file of a row that was measured.
type kept struct {
	N        int
	Binaries string // digest of the binaries that were compared
	Date     string
	Results  []result

	folder, row string
}

func (k *kept) path() string { return filepath.Join(k.folder, fmt.Sprintf("%s-%d.json", k.row, k.N)) }

// identify says of which binaries the results are.
func (k *kept) identify(s settings) error {
	digest := sha256.New()
	for _, path := range []string{s.ours, s.floor, s.base} {
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		digest.Write(content)
	}
	k.Binaries, k.Date = hex.EncodeToString(digest.Sum(nil)), time.Now().UTC().Format(time.DateOnly)
	return nil
}

// load reports whether there are results of these binaries, and reads them.
func (k *kept) load() bool {
	content, err := os.ReadFile(k.path())
	if err != nil {
		return false
	}
	var found kept
	if json.Unmarshal(content, &found) != nil || found.Binaries != k.Binaries {
		return false
	}
	k.Results, k.Date = found.Results, found.Date
	return true
}

func (k *kept) save() error {
	content, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.folder, 0o750); err != nil {
		return err
	}
	return os.WriteFile(k.path(), append(content, '\n'), 0o600)
}

func (k *kept) print() {
	for _, r := range k.Results {
		fmt.Println(r.line(k.row, k.N))
	}
}

// Command notes prints what CHANGELOG.md says of one release, which is the release's text.
//
//	go run ./internal/changelog/cmd/notes v0.1.0
//	go run ./internal/changelog/cmd/notes Unreleased
package main

import (
	"fmt"
	"os"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/changelog"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: notes VERSION")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(name string) error {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	notes, err := changelog.Notes(string(text), name)
	if err != nil {
		return err
	}
	_, err = fmt.Println(notes)
	return err
}

// Command recording keeps a run of the demo for the README: from the terminal's text on standard input it writes a text that is short
// and names nothing of this machine, and a picture of that text.
//
//	make recording     (recording .github/demo.txt .github/demo.svg)
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: recording TEXT PICTURE   (reads the terminal's text from standard input)")
		os.Exit(2)
	}
	if err := keep(os.Stdin, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func keep(from io.Reader, textFile, pictureFile string) error {
	said, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	text, err := shortened(neutral(string(said)))
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := refuse(text, host, folder); err != nil {
		return err
	}
	if err := os.WriteFile(textFile, []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(pictureFile, []byte(picture(text)), 0o644)
}

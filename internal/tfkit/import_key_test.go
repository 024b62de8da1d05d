package tfkit

import (
	"testing"
)

func TestImportKeyForm(t *testing.T) {
	if form := (ImportKey{"cluster", "name"}).Form(); form != "CLUSTER/NAME" {
		t.Error(form)
	}
}

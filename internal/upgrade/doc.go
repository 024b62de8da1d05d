// Package upgrade holds states that earlier commits of the provider wrote, and shows that an upgrade changes nothing: each state
// plans empty. All of it are tests; what asks daemons needs cgo.
//
// A folder of testdata/states is named for the commit or release, and holds
//
//	main.tf      the configuration: each type with all its arguments, with none that can be left out, and imported
//	before.txt   commands that make what the provider is applied to
//	by-hand.txt  commands that make what the provider makes
//	drift.txt    what is changed by hand ("expect ADDRESS" is what a plan then changes), and lost from the state ("forget ADDRESS")
//	end.txt      commands that make way for terraform destroy
//	after.txt    commands that take away the rest
//	state.json   the state, with the private state readable, which Terraform keeps encoded
//	made/        what ceph, rbd and virsh showed of all that
//
// make keep-state writes state.json and made/: it applies main.tf twice, first with the variable renamed at false and then at true.
// All else is written by hand. What differs from bed to bed is there as a token such as ${fsid}. The keys are of nobody: they were
// made for these folders, or by clusters that ended with the bed.
package upgrade

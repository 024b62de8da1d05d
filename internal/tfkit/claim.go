package tfkit

import (
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Claim is what a plan does with an object that only one resource can have. The claims of several resources are joined by or.
type Claim uint8

// The claims of a plan.
const (
	Keeps   Claim = 1 << iota // the resource has the object, and keeps it
	Drops                     // it has the object, and lets it go
	Makes                     // it is to make the object
	Imports                   // it takes the object into the state, and keeps it
)

// Owned is an object that only one resource can have, with the texts that messages need.
type Owned struct {
	Object string // its name within this process
	Name   string // such as: Disk vdb of domain "guest" on hypervisor "kvm1"
	Taken  string // a sentence that says that it exists
	Rename string // the beginning of a sentence that says how to ask for another one
}

// PlanClaim records what the plan of a resource does with an object. Where the plans of two resources conflict, the second one gets the
// error problem.Exists. Two resources that both have the object and keep it get only the warning.
func (c *Connections) PlanClaim(owned Owned, claim Claim) (warning string, err error) {
	others := c.recordClaim(owned.Object, claim)
	p := &problem.Problem{
		Kind: problem.Exists,
		What: owned.Name + " belongs to two resources.",
		Why:  "Only one can have it: what one changes the other would change back, and what goes with one is missed by the other.",
		Do: "Take one of them out of the configuration and forget it, without a change of the object: terraform state rm ADDRESS, or a removed" +
			" block with destroy = false. A deposed object of a resource is forgotten only together with it; import the resource again then.",
	}
	switch {
	case claim == Makes && others&(Keeps|Makes) != 0:
		return "", owned.OfAnotherResource()
	case claim == Keeps && others&Makes != 0:
		p.What = owned.Taken
		p.Why = "It is this resource's, and another resource of the configuration is to make it as well."
		p.Do = owned.Rename + " for the other one, or remove that one. If only the address of this one has changed, add a moved block."
	case claim == Keeps && others&Drops != 0, claim == Drops && others&Keeps != 0:
		p.What = owned.Name + " belongs to two resources, of which one is to be destroyed."
	case claim == Keeps && others&Keeps != 0 && others&Imports != 0:
		p.What = owned.Name + " belongs to another resource already."
		p.Do = "Take the import back, or first forget the other resource: terraform state rm ADDRESS, or a removed block with destroy = false."
	case claim == Keeps && others&Keeps != 0:
		return p.Error(), nil
	default:
		return "", nil
	}
	return "", p
}

// OfAnotherResource is the error of a resource that is to create an object which another resource of the configuration has, or is to
// create.
func (o Owned) OfAnotherResource() error {
	return &problem.Problem{
		Kind: problem.Exists,
		What: o.Taken,
		Why:  "It belongs to another resource of the configuration, which may write its name in another way, or name the host by another label.",
		Do: o.Rename + ", or remove one of the two. If the other one's address has changed, add a moved block. What is there goes from one" +
			" resource to another in two applies.",
	}
}

// recordClaim adds a claim on an object, and returns the earlier claims.
func (c *Connections) recordClaim(object string, claim Claim) (others Claim) {
	c.holders.mu.Lock()
	defer c.holders.mu.Unlock()
	if c.holders.plans == nil {
		c.holders.plans = map[string]Claim{}
	}
	others = c.holders.plans[object]
	c.holders.plans[object] |= claim
	return others
}

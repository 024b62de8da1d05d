package tfkit

import (
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Claim is what a plan does with an object that only one resource can have.
type Claim uint8

// The claims of a plan; several are those of several resources.
const (
	Keeps   Claim = 1 << iota // the resource has the object, and keeps it
	Drops                     // it has the object, and lets it go
	Makes                     // it is to make the object
	Imports                   // it takes the object into the state, and keeps it
)

// Owned is an object that only one resource can have, as messages tell of it.
type Owned struct {
	Object string // what it is called within this process
	Name   string // such as: Disk vdb of domain "guest" on hypervisor "kvm1"
	Taken  string // that it is there, as a sentence
	Rename string // how another one is asked for, as the beginning of a sentence
}

// PlanClaim notes what the plan of a resource does with an object. Of two plans that don't go together the second learns it, as
// problem.Exists; two resources that both have it and keep it are told by the warning alone.
func (c *Connections) PlanClaim(owned Owned, claim Claim) (warning string, err error) {
	others := c.note(owned.Object, claim)
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

// OfAnotherResource is the refusal to make what another resource of the configuration has, or is to have.
func (o Owned) OfAnotherResource() error {
	return &problem.Problem{
		Kind: problem.Exists,
		What: o.Taken,
		Why:  "It belongs to another resource of the configuration, which may write its name in another way, or name the host by another label.",
		Do: o.Rename + ", or remove one of the two. If the other one's address has changed, add a moved block. What is there goes from one" +
			" resource to another in two applies.",
	}
}

// note adds a claim on an object, and returns those of before.
func (c *Connections) note(object string, claim Claim) (others Claim) {
	c.holders.mu.Lock()
	defer c.holders.mu.Unlock()
	if c.holders.plans == nil {
		c.holders.plans = map[string]Claim{}
	}
	others = c.holders.plans[object]
	c.holders.plans[object] |= claim
	return others
}

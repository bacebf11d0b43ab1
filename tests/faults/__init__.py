"""What must hold whatever is killed or away: run small by `make test`, at full size by `make drill`."""

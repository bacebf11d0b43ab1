"""What visitors are told and agree to: policy versions, the notice beside the form, and their choices."""

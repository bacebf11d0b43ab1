"""Who answers for what is done with people's data: name and address, as they stand in notices, mails and receipts."""

from portal.language.messages import N_

CONTROLLER = ("OptimaSys Group Spain S.L.", "Calle Alfredo Palma 10", "29603 Marbella, Málaga", N_("Spain"))
AUTHORITY = ("Agencia Española de Protección de Datos", "https://www.aepd.es/")

"""Sentences: what agencies say of their homes, each in English and in Spanish, to be filled in.

Plain statements, no praise. The two halves of a pair say the same. Names in braces are values that `prose` gives.
"""

from collections.abc import Mapping, Sequence

Pair = tuple[str, str]

INTROS: Mapping[str, Sequence[Pair]] = {
    "apartment": (
        ("An apartment on the {floor} of a building of {floors} in {area}, {distance}.",
         "Apartamento en la {floor} de un edificio de {floors} en {area}, {distance}."),
        ("The apartment takes up {built} m² on the {floor} of a building in {area}. It is {distance}.",
         "El apartamento ocupa {built} m² en la {floor} de un edificio de {area}. Está {distance}."),
        ("On the {floor} of a building in {area}: an apartment with {beds} on {built} m², {distance}.",
         "En la {floor} de un edificio de {area}: apartamento con {beds} en {built} m², {distance}."),
        ("This apartment of {built} m² lies on the {floor}, {distance}. The building in {area} has {floors}.",
         "Este apartamento de {built} m² está en la {floor}, {distance}. El edificio, en {area}, tiene {floors}."),
    ),
    "penthouse": (
        ("A penthouse on top of a building of {floors} in {area}, {distance}.",
         "Ático de un edificio de {floors} en {area}, {distance}."),
        ("The top floor of a building in {area}: {built} m² inside and a terrace of {terrace} m² around it.",
         "Última planta de un edificio de {area}: {built} m² interiores y una terraza de {terrace} m² alrededor."),
        ("Nobody lives above this penthouse in {area}. It has {beds} and a terrace of {terrace} m².",
         "Nadie vive encima de este ático de {area}. Tiene {beds} y una terraza de {terrace} m²."),
    ),
    "duplex": (
        ("A duplex on the two upper floors of a building in {area}, {distance}. The day rooms are below, the bedrooms "
         "above.",
         "Dúplex en las dos últimas plantas de un edificio de {area}, {distance}. La zona de día está abajo y los "
         "dormitorios, arriba."),
        ("Two floors joined by a staircase of their own in a building in {area}: {built} m² in all, with {beds}.",
         "Dos plantas unidas por una escalera propia en un edificio de {area}: {built} m² en total, con {beds}."),
    ),
    "studio": (
        ("A studio of {built} m² on the {floor} of a building in {area}, {distance}.",
         "Estudio de {built} m² en la {floor} de un edificio de {area}, {distance}."),
        ("One room of {living} m² with a kitchen along the wall and a bathroom of its own, on the {floor} of a "
         "building in {area}.",
         "Una estancia de {living} m² con la cocina en línea y baño propio, en la {floor} de un edificio de {area}."),
    ),
    "villa": (
        ("A detached house on {floors} in {area}, {distance}. The plot measures {plot} m².",
         "Casa independiente de {floors} en {area}, {distance}. La parcela mide {plot} m²."),
        ("The house stands in the middle of a plot of {plot} m² in {area}. It has {floors} and {built} m².",
         "La casa está en el centro de una parcela de {plot} m² en {area}. Tiene {floors} y {built} m²."),
        ("A villa of {built} m² at the end of a street in {area}, with {beds} on {floors}.",
         "Villa de {built} m² al final de una calle de {area}, con {beds} en {floors}."),
        ("This house in {area} was built around a patio: {built} m² on {floors}, on a plot of {plot} m².",
         "Esta casa de {area} se construyó alrededor de un patio: {built} m² en {floors}, sobre una parcela de {plot} "
         "m²."),
    ),
    "town_house": (
        ("A town house on {floors} between two neighbours in {area}, {distance}.",
         "Casa adosada de {floors} entre dos vecinos en {area}, {distance}."),
        ("The house belongs to a row of {row} houses in {area}. It has {floors}, {beds} and {built} m².",
         "La casa forma parte de una hilera de {row} casas en {area}. Tiene {floors}, {beds} y {built} m²."),
        ("A town house of {built} m² in {area}: the living room and kitchen at street level, {beds} above.",
         "Casa adosada de {built} m² en {area}: salón y cocina a pie de calle, {beds} arriba."),
    ),
    "village_house": (
        ("A village house on {floors} in {area}, in a street that cars do not enter.",
         "Casa de pueblo de {floors} en {area}, en una calle por la que no pasan coches."),
        ("The house stands in the old part of {area}, {steps} steps below the church. It has {floors} and {built} m².",
         "La casa está en la parte antigua de {area}, {steps} escalones por debajo de la iglesia. Tiene {floors} y "
         "{built} m²."),
        ("Thick walls, {floors} and a roof terrace of {terrace} m²: a house of {built} m² in {area}, {distance}.",
         "Muros gruesos, {floors} y una azotea de {terrace} m²: casa de {built} m² en {area}, {distance}."),
    ),
    "country_house": (
        ("A country house of {built} m² on {plot} m² of land in {area}. The last {track} metres are a dirt track.",
         "Casa de campo de {built} m² en {plot} m² de terreno en {area}. Los últimos {track} metros son de carril."),
        ("The house stands alone on a slope in {area}, {distance}. The land measures {plot} m² and has {trees} olive "
         "trees.",
         "La casa está aislada en una ladera de {area}, {distance}. El terreno mide {plot} m² y tiene {trees} olivos."),
    ),
    "land": (
        ("A plot of {plot} m² in {area}, {distance}. It falls about {fall} metres from the road to its lower edge.",
         "Parcela de {plot} m² en {area}, {distance}. Baja unos {fall} metros desde la calle hasta su linde inferior."),
        ("{plot} m² of land in {area} with {front} metres of frontage on the road.",
         "{plot} m² de terreno en {area} con {front} metros de fachada a la carretera."),
    ),
    "ruin": (
        ("A house in ruins in {area}: the outer walls of {built} m² stand, the roof has fallen in.",
         "Casa en ruinas en {area}: quedan los muros exteriores de {built} m²; la cubierta se ha hundido."),
    ),
    "commercial": (
        ("Premises of {built} m² at street level in {area}, with {row} metres of shop window.",
         "Local de {built} m² a pie de calle en {area}, con {row} metros de escaparate."),
        ("A shop of {built} m² with a toilet and a back room in {area}, on a street of shops and bars.",
         "Local de {built} m² con aseo y trastienda en {area}, en una calle de tiendas y bares."),
    ),
    "garage": (
        ("A parking space of {built} m² on the first level of an underground car park in {area}.",
         "Plaza de aparcamiento de {built} m² en el primer nivel de un garaje subterráneo de {area}."),
    ),
}  # fmt: skip

LAYOUTS: Mapping[str, Sequence[Pair]] = {
    "with baths": (
        ("{beds_first} and {baths} lie along a corridor; the living room of {living} m² is at its end.",
         "{beds_first} y {baths} dan a un pasillo; al fondo está el salón, de {living} m²."),
        ("It has {beds} and {baths}. The living room measures {living} m².",
         "Tiene {beds} y {baths}. El salón mide {living} m²."),
        ("Besides the living room of {living} m² it has {beds} and {baths}, the largest bedroom with fitted wardrobes.",
         "Además del salón de {living} m² tiene {beds} y {baths}; el dormitorio mayor, con armarios empotrados."),
        ("The entrance leads to a living room of {living} m². Behind it lie {beds} and {baths}.",
         "La entrada da a un salón de {living} m². Detrás están {beds} y {baths}."),
    ),
    "beds told": (
        ("It has {baths} and a living room of {living} m².", "Tiene {baths} y un salón de {living} m²."),
        ("The living room measures {living} m². Beside it: {baths}, tiled to the ceiling.",
         "El salón mide {living} m². Al lado: {baths}, con azulejo hasta el techo."),
    ),
    "beds told, without baths": (
        ("The living room measures {living} m².", "El salón mide {living} m²."),
    ),
    "without baths": (
        ("It has {beds} and a living room of {living} m².", "Tiene {beds} y un salón de {living} m²."),
        ("The living room measures {living} m²; {beds} lie on the quiet side.",
         "El salón mide {living} m²; al lado tranquilo dan {beds}."),
    ),
    "studio": (
        ("The bathroom has a shower and a window. A wardrobe parts the bed from the rest of the room.",
         "El baño tiene ducha y ventana. Un armario separa la cama del resto de la estancia."),
        ("The bed folds into the wall. The bathroom was fitted with a shower.",
         "La cama se pliega en la pared. El baño tiene plato de ducha."),
    ),
}  # fmt: skip

KITCHENS: Mapping[bool, Sequence[Pair]] = {
    True: (
        ("The kitchen is open to the living room.", "La cocina está abierta al salón."),
        ("Kitchen and living room share one space; a worktop stands between them.",
         "Cocina y salón comparten un espacio, con una encimera entre ambos."),
    ),
    False: (
        ("The kitchen is a room of its own with a window and a utility room.",
         "La cocina es independiente, con ventana y lavadero."),
        ("The kitchen is separate and has room for a table.", "La cocina es independiente y admite una mesa."),
    ),
}  # fmt: skip

OUTSIDE: Mapping[str, Sequence[Pair]] = {
    "terrace told": (
        ("The terrace faces {orientation} and looks onto {view}.",
         "La terraza está orientada al {orientation} y mira {view}."),
        ("From the terrace, which faces {orientation}, one sees {sight}.",
         "Desde la terraza, orientada al {orientation}, se ve {sight}."),
    ),
    "all": (
        ("The terrace measures {terrace} m², faces {orientation} and looks onto {view}.",
         "La terraza mide {terrace} m², está orientada al {orientation} y mira {view}."),
        ("From the terrace of {terrace} m² one sees {sight}. It faces {orientation}.",
         "Desde la terraza, de {terrace} m², se ve {sight}. Está orientada al {orientation}."),
        ("The rooms face {orientation}. The terrace, {terrace} m², has an awning and looks onto {view}.",
         "Las estancias dan al {orientation}. La terraza, de {terrace} m², tiene toldo y mira {view}."),
    ),
}  # fmt: skip

CONDITIONS: Mapping[str, Sequence[Pair]] = {
    "new": (
        ("Building work is finished and nobody has lived here yet.",
         "La obra está terminada y aún no ha vivido nadie."),
        ("It is sold by the developer with the ten-year guarantee for the structure.",
         "La vende el promotor con la garantía decenal de la estructura."),
    ),
    "renovated": (
        ("Built in {year}, renovated in {renovated}: windows, electrical installation and bathrooms.",
         "Construcción de {year}, con reforma de {renovated}: ventanas, instalación eléctrica y baños."),
        ("The building dates from {year}. Kitchen, floors and windows were replaced in {renovated}.",
         "La construcción es de {year}. Cocina, suelos y ventanas se cambiaron en {renovated}."),
    ),
    "worn": (
        ("It was built in {year} and keeps its first kitchen and windows.",
         "Se construyó en {year} y conserva la cocina y las ventanas originales."),
        ("Built in {year}. The electrical installation and the bathrooms need renewing.",
         "Construcción de {year}. La instalación eléctrica y los baños necesitan una reforma."),
    ),
    "good": (
        ("It was built in {year} and needs no work.", "Se construyó en {year} y no necesita obras."),
        ("Built in {year}, in good repair.", "Construcción de {year}, en buen estado."),
        ("The building dates from {year} and was painted two years ago.",
         "La construcción es de {year} y se pintó hace dos años."),
    ),
}  # fmt: skip

HEATING: Mapping[str, Pair] = {
    "ducted": ("Heating and cooling are ducted.", "Calefacción y aire acondicionado por conductos."),
    "units": ("Living room and bedrooms have air-conditioning units.",
              "Salón y dormitorios tienen splits de aire acondicionado."),
    "underfloor": ("There is underfloor heating in the bathrooms.", "Los baños tienen suelo radiante."),
    "radiators": ("Electric radiators heat the rooms.", "Se calienta con radiadores eléctricos."),
}  # fmt: skip

POOLS: Mapping[str, Sequence[Pair]] = {
    "private": (
        ("The pool measures {pool_long} × {pool_wide} metres and lies in the sun until late afternoon.",
         "La piscina mide {pool_long} × {pool_wide} metros y tiene sol hasta media tarde."),
        ("The pool, {pool_long} × {pool_wide} metres, lies {orientation_of} of the house.",
         "La piscina, de {pool_long} × {pool_wide} metros, está al {orientation} de la casa."),
    ),
    "communal": (
        ("The neighbours share a garden and a pool that is open all year.",
         "Los vecinos comparten un jardín y una piscina abierta todo el año."),
        ("The community has a pool and gardens; the pool closes from November to March.",
         "La comunidad tiene piscina y jardines; la piscina cierra de noviembre a marzo."),
    ),
}  # fmt: skip

PARKING: Mapping[str, Pair] = {
    "underground": ("A space in the underground car park goes with it.", "Incluye una plaza en el garaje subterráneo."),
    "communal": ("Cars stand in the community's open car park.",
                 "Los coches se dejan en el aparcamiento de la comunidad."),
    "street": ("There is no parking space; residents park in the street.",
               "No tiene plaza de garaje; se aparca en la calle."),
    "garage": ("The garage takes two cars.", "En el garaje caben dos coches."),
    "carport": ("A carport stands beside the gate.", "Junto a la entrada hay una cochera cubierta."),
    "on the plot": ("There is room for three cars on the plot.", "En la parcela caben tres coches."),
}  # fmt: skip

EXTRAS: Mapping[str, Pair] = {
    "lift": ("The building has a lift.", "El edificio tiene ascensor."),
    "no lift": ("There is no lift.", "No hay ascensor."),
    "storage": ("A storage room belongs to it.", "Tiene trastero."),
    "furnished": ("The furniture stays.", "Se queda el mobiliario."),
    "let furnished": ("It is let with its furniture.", "Se alquila con muebles."),
    "let empty": ("It is let without furniture.", "Se alquila sin muebles."),
    "fee": ("The community of owners costs {fee} a month.", "La comunidad cuesta {fee} al mes."),
    "no price": ("The owner gives the price on request.", "El propietario da el precio a petición."),
}

# The last one speaks of a community fee.
LETTING: Sequence[Pair] = (
    ("Contracts run for a year; the deposit is one month's rent. Water and electricity are paid by use.",
     "El contrato es anual; la fianza es de una mensualidad. Agua y luz se pagan según consumo."),
    ("Free from the first of next month. One month's deposit, proof of income, pets by agreement.",
     "Libre desde el día uno del mes que viene. Una mensualidad de fianza, justificante de ingresos; mascotas, a "
     "convenir."),
    ("The rent includes the community fee. A deposit of one month is due on signing; the contract runs for a year and "
     "may be renewed.",
     "La renta incluye la comunidad. Al firmar se paga una mensualidad de fianza; el contrato es de un año "
     "prorrogable."),
)  # fmt: skip

GROUNDS: Mapping[str, Sequence[Pair]] = {
    "land": (
        ("Water and electricity reach the edge of the plot. The town hall's planning certificate is with the agency.",
         "Agua y luz llegan a la linde. La agencia tiene la cédula urbanística del ayuntamiento."),
        ("The plan allows one house on two floors. There is no project yet.",
         "El plan permite una vivienda de dos plantas. Aún no hay proyecto."),
    ),
    "country": (
        ("It is rustic land: it may be farmed, not built on. There is a well, shared with a neighbour.",
         "Es suelo rústico: se puede cultivar, no edificar. Hay un pozo compartido con un vecino."),
        ("A store for tools stands on it. The water comes from the irrigation channel, on Tuesdays and Fridays.",
         "Tiene un cuarto de aperos. El agua llega por la acequia, los martes y los viernes."),
    ),
    "country_house": (
        ("Water comes from a well, electricity from the grid and from panels on the roof.",
         "El agua es de pozo; la luz, de la red y de placas en la cubierta."),
        ("The house has mains water and electricity, and a septic tank.",
         "La casa tiene agua y luz de la red, y fosa séptica."),
    ),
    "ruin": (
        ("The title deed describes a house of two floors. The architect's report is with the agency.",
         "La escritura describe una casa de dos plantas. La agencia tiene el informe del arquitecto."),
    ),
    "commercial": (
        ("It has a smoke outlet to the roof. It was a {trade} until last year.",
         "Tiene salida de humos a cubierta. Hasta el año pasado fue {trade}."),
        ("The last tenant ran a {trade} here. The electrical installation was renewed.",
         "El último inquilino tuvo aquí {trade}. La instalación eléctrica está renovada."),
    ),
    "garage": (
        ("The space is {width} cm wide at its narrowest and takes an ordinary car. The gate opens by remote control.",
         "La plaza mide {width} cm en su parte más estrecha y admite un coche mediano. La puerta se abre con mando."),
        ("There is a socket for charging, metered apart. The ramp is wide and one turns without manoeuvring.",
         "Hay un enchufe de carga con contador aparte. La rampa es ancha y se gira sin maniobras."),
    ),
}  # fmt: skip

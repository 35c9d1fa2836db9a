const words = (text: string): readonly string[] => text.trim().split(/\s+/);
const lines = (text: string): readonly string[] => text.trim().split(/\s*\n\s*/);

/** With {@link LAST_NAMES} more pairs than a run has requests. */
export const FIRST_NAMES = words(`
  Ada Adele Agnes Alan Alba Alice Amara Amir Anders Anja Anton Arthur Asha Astrid Aurora Ava Basil Beatriz Ben Bianca Boris Bruno
  Carla Carmen Cecil Chloe Clara Colin Cora Dalia Damian Dana David Delia Dev Diego Dora Edgar Edith Elena Elias Elif Elsa Emil
  Emma Enzo Erik Esme Esther Eva Fabio Farah Felix Fiona Flora Freya Gita Gloria Greta Hana Hannah Hector Helga Hugo Ida Ines Ingrid
  Irene Iris Ivan Jana Jasper Jonas Josef Judith Julia Kai Karim Klara Kofi Lara Leila Leo Lena Liam Lina Livia Lucas Luisa Magda
  Malik Mara Marco Maya`);

export const LAST_NAMES = words(`
  Abbott Adler Ahmed Akande Alvarez Amsel Andrade Arnold Ashby Baker Banerjee Barnes Bauer Becker Bell Berg Bianchi Blake Bloom Bose
  Brandt Brook Byrne Calder Campos Carter Castro Chandra Chen Cohen Costa Cross Curtis Dahl Dalton Das Decker Diaz Dixon Drake Dunn
  Eaton Ebert Ellis Engel Evans Falk Farrell Fischer Flynn Foster Fox Frank Fuchs Gallo Garcia Gibson Gray Green Gruber Haas Hall
  Hansen Hardy Hayes Hill Hoffman Holm Hughes Ibrahim Iyer Jansen Jensen Joshi Kane Kaur Keller Khan Kim Klein Koch Kovacs Kraus
  Kumar Lang Larsen Lee Lehmann Lewis Lopez Lund Marsh Mehta`);

export const GOODS = lines(`
  walnut desk lamp
  wool blanket
  ceramic teapot
  linen shirt
  rain jacket
  chess set
  espresso grinder
  garden hose
  bicycle helmet
  picture frame
  pair of headphones
  cast iron pan
  reading chair
  wall clock
  hiking rucksack
  set of towels
  bread knife
  travel pillow
  board game
  plant pot`);

export const REASONS = lines(`
  arrived broken
  came in the wrong colour
  stopped working after a day
  is not what I ordered
  has a crack on one side
  never left its box and does not fit
  was delivered two weeks late
  is missing a part`);

export const STREETS = lines(`
  Elm Street
  Harbour Road
  Mill Lane
  Station Road
  Castle Street
  Orchard Way
  Bridge Street
  Forest Avenue
  Chapel Hill
  River Walk`);

export const TOWNS = words('Leeds Bristol Norwich Exeter Chester Lincoln Durham Oxford Bath Dover');
